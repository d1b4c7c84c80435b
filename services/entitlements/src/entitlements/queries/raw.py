"""Values of raw SQL: PostgreSQL gives objects, SQLite JSON as text."""

import json
from typing import Any


def read(stored: Any) -> dict[str, Any]:
    """A JSON object; empty where an outer join found nothing."""
    found: dict[str, Any] = json.loads(stored) if isinstance(stored, str) else stored or {}
    return found
