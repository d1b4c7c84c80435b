"""Values of raw SQL: PostgreSQL gives objects and dashed ids, SQLite JSON as text and ids without dashes."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import peewee

from kit import db


def read(stored: Any) -> dict[str, Any]:
    """A JSON object; empty where an outer join found nothing."""
    found: dict[str, Any] = json.loads(stored) if isinstance(stored, str) else stored or {}
    return found


NOT_PREPARED = "26000"  # what PostgreSQL says on a new connection


@lru_cache(maxsize=1_000)
def parsed(stored: str | None) -> dict[str, Any]:
    """The same of text, for many rows with few different objects: nobody changes what it returns."""
    return read(stored)


def chosen(name: str, statement: str, ids: list[str]) -> Iterable[Any]:
    """The rows of a statement that ends in `… {} …` with these ids. For one id PostgreSQL plans it once per
    connection: to plan a join takes it longer than to run it."""
    if len(ids) != 1 or not db.is_postgres():
        some = ", ".join([db.database.param] * len(ids))
        return db.database.execute_sql(statement.format(f"IN ({some})"), ids)
    run = f"EXECUTE {name}(%s)"
    try:
        return db.database.execute_sql(run, ids)
    except peewee.OperationalError as error:
        if error.orig.pgcode != NOT_PREPARED:  # type: ignore[attr-defined]
            raise
        db.database.execute_sql(f"PREPARE {name}(uuid) AS {statement.format('= $1')}")
        return db.database.execute_sql(run, ids)


def bare(identifier: str) -> str:
    """A UUID as SQLite stores it; PostgreSQL takes either spelling."""
    return identifier.replace("-", "")


def dashed(identifier: str) -> str:
    """A UUID as the world writes it."""
    if "-" in identifier:
        return identifier
    parts = identifier[:8], identifier[8:12], identifier[12:16], identifier[16:20], identifier[20:]
    return "-".join(parts)
