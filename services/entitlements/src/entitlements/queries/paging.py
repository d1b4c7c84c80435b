"""Cursors of lists: what the last row was sorted by, opaque to the caller."""

import base64
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from kit.errors import refuse


def cursor_of(*sorted_by: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(sorted_by, ensure_ascii=False).encode()).decode()


def after(cursor: str, *kinds: Callable[[str], Any]) -> list[str]:
    """What a cursor made by `cursor_of` names; refused when it was made up."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        for kind, value in zip(kinds, values, strict=True):
            kind(value.encode().decode())
        return [str(value) for value in values]
    except (ValueError, TypeError, AttributeError, RecursionError):
        rule = {"field": "cursor", "rule": "Not a cursor that a list gave."}
        return refuse("cursor-invalid", "Send `next` of the page before.", status=422, errors=[rule])


def text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("no text")
    return value


def page(rows: Sequence[Any], limit: int, *sorted_by: str) -> dict[str, Any]:
    """{"items", "next"} of one row more than asked for; the extra row only says that there are more."""
    items = list(rows[:limit])
    more = len(rows) > limit
    return {
        "items": items,
        "next": cursor_of(*(getattr(items[-1], name) for name in sorted_by)) if more else None,
    }


def is_uuid(value: str) -> bool:
    """As a database tells it, with dashes or without: Python reads what PostgreSQL does not."""
    try:
        found = uuid.UUID(value)
    except ValueError:
        return False
    return value in (str(found), found.hex)


def uuid_text(value: str) -> None:
    if not is_uuid(value):
        raise ValueError("no id")
