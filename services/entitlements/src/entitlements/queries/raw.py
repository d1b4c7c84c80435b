"""Values of raw SQL: PostgreSQL gives objects, SQLite JSON as text."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from kit import db


def read(stored: Any) -> dict[str, Any]:
    """A JSON object; empty where an outer join found nothing."""
    found: dict[str, Any] = json.loads(stored) if isinstance(stored, str) else stored or {}
    return found


@lru_cache(maxsize=1_000)
def parsed(stored: str | None) -> dict[str, Any]:
    """The same of text, for many rows with few different objects: nobody changes what it returns."""
    return read(stored)


def chosen(statement: str, ids: list[str]) -> Iterable[Any]:
    """The rows of a statement that ends in `… {} …` with these ids."""
    if db.is_postgres():
        return db.often(statement.format("= ANY(%s::uuid[])"), [f"{{{','.join(ids)}}}"])
    some = ", ".join("?" * len(ids))
    return db.database.execute_sql(statement.format(f"IN ({some})"), [db.bare(one) for one in ids])
