"""What the names of fields mean, where a schema does not say it itself: one word means one thing everywhere.

contracts/fields.json: a name, or where it stands and its name (`Order.status`, `license.activated.id`) → what
it means, and an example.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@cache
def known() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((ROOT / "contracts" / "fields.json").read_text())
    return found


def meaning(name: str, schema: dict[str, Any], place: str = "") -> str:
    """`place`: the type of the event, or the name of the schema. Empty when nobody says it."""
    said = schema.get("description") or _of(name, place, "means") or ""
    return str(said[:1].upper() + said[1:]).strip()


def example(name: str, place: str = "") -> Any:
    return _of(name, place, "example")


def _of(name: str, place: str, what: str) -> Any:
    entries = (known().get(key, {}) for key in (f"{place}.{name}", name))
    return next((entry[what] for entry in entries if what in entry), None)


def described(schema: dict[str, Any], place: str = "") -> dict[str, Any]:
    """The schema with a description of every field in it."""
    whole = dict(schema)
    if "properties" in schema:
        whole["properties"] = {
            name: {**described(inner, place), "description": meaning(name, inner, place)}
            for name, inner in schema["properties"].items()
        }
    if "items" in schema:
        whole["items"] = described(schema["items"], place)
    return whole
