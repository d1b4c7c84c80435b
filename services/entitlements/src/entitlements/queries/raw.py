"""Values of raw SQL: PostgreSQL gives objects, SQLite JSON as text."""

import json
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any

import peewee

from kit import db

NOT_PREPARED = "26000"  # what PostgreSQL says on a new connection


def read(stored: Any) -> dict[str, Any]:
    """A JSON object; empty where an outer join found nothing."""
    found: dict[str, Any] = json.loads(stored) if isinstance(stored, str) else stored or {}
    return found


@lru_cache(maxsize=1_000)
def parsed(stored: str | None) -> dict[str, Any]:
    """The same of text, for many rows with few different objects: nobody changes what it returns."""
    return read(stored)


def chosen(name: str, statement: str, ids: list[str]) -> Iterable[Any]:
    """The rows of a statement that ends in `… {} …` with these ids. PostgreSQL plans it once per connection: to
    plan a join takes it longer than to run it."""
    if not db.is_postgres():
        some = ", ".join("?" * len(ids))
        return db.database.execute_sql(statement.format(f"IN ({some})"), [db.bare(one) for one in ids])
    listed = (f"{{{','.join(ids)}}}",)
    plain = statement.format("= ANY(%s::uuid[])")
    if db.database.in_transaction():
        return db.database.execute_sql(plain, listed)
    try:
        return db.database.execute_sql(f"EXECUTE {name}(%s)", listed)
    except peewee.OperationalError as error:
        if error.orig.pgcode != NOT_PREPARED:  # type: ignore[attr-defined]
            raise
    with suppress(peewee.ProgrammingError):  # a pooler may choose a connection where it is prepared
        db.database.execute_sql(f"PREPARE {name}(uuid[]) AS {statement.format('= ANY($1)')}")
    return db.database.execute_sql(plain, listed)
