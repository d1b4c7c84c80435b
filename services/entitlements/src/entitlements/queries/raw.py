"""Values of raw SQL: PostgreSQL gives objects and dashed ids, SQLite JSON as text and ids without dashes."""

import json
from typing import Any


def read(stored: Any) -> dict[str, Any]:
    """A JSON object; empty where an outer join found nothing."""
    found: dict[str, Any] = json.loads(stored) if isinstance(stored, str) else stored or {}
    return found


def bare(identifier: str) -> str:
    """A UUID as SQLite stores it; PostgreSQL takes either spelling."""
    return identifier.replace("-", "")


def dashed(identifier: str) -> str:
    """A UUID as the world writes it."""
    if "-" in identifier:
        return identifier
    parts = identifier[:8], identifier[8:12], identifier[12:16], identifier[16:20], identifier[20:]
    return "-".join(parts)
