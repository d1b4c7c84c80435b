"""Releases that nobody made: the source of one, with a few words changed in code and contract."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .fleet import Source

PAID = '"payment": {"provider": attempt.provider, "last4": attempt.last4},'
TERM = """        "subscription_id": subscription.id,
        "term": {"start": subscription.term_start, "end": subscription.term_end},
"""


def copied(source: Source, name: str, directory: Path) -> Source:
    return Source(name, Path(shutil.copytree(source.tree, directory / name)))


def edit(source: Source, path: str, old: str, new: str) -> None:
    """The words have to be there, once."""
    file = source.tree / path
    text = file.read_text()
    assert text.count(old) == 1, f"{path} has {text.count(old)} × {old}"
    file.write_text(text.replace(old, new))


def _promise(source: Source, change: Callable[[dict[str, Any]], object]) -> None:
    """Another contract of order.paid."""
    file = source.tree / "contracts" / "events" / "order.paid.json"
    contract = json.loads(file.read_text())
    change(contract["schema"])
    file.write_text(json.dumps(contract))


def _without_term(schema: dict[str, Any]) -> None:
    del schema["properties"]["term"]
    schema["required"].remove("term")


def tells_more(orders: Source, directory: Path) -> Source:
    """order.paid has a field that no reader knows."""
    made = copied(orders, "1.1.0", directory)
    edit(made, "services/orders/src/orders/events.py", PAID, PAID + '\n        "channel": "portal",')
    _promise(made, lambda schema: schema["properties"].update(channel={"type": "string"}))
    return made


def tells_less(orders: Source, directory: Path) -> Source:
    """order.paid lacks the term, which entitlements and the notifier read."""
    made = copied(orders, "1.2.0", directory)
    edit(made, "services/orders/src/orders/events.py", TERM, TERM.splitlines(keepends=True)[0])
    _promise(made, _without_term)
    return made


def _reads_channel(entitlements: Source, name: str, field: str, directory: Path) -> Source:
    made = copied(entitlements, name, directory)
    before = "    lines = fields.List(fields.Nested(Line), required=True)\n"
    edit(made, "services/entitlements/src/entitlements/handlers.py", before, f"{before}    channel = {field}\n")
    return made


def asks_for_more(entitlements: Source, directory: Path) -> Source:
    """It reads the field if it is there."""
    return _reads_channel(entitlements, "1.1.1", 'fields.String(load_default="unknown")', directory)


def insists_on_more(entitlements: Source, directory: Path) -> Source:
    """It does not go without the field."""
    return _reads_channel(entitlements, "1.2.1", "fields.String(required=True)", directory)
