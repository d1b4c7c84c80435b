"""What a migration takes away from a release that still runs while it is applied.

Each migration is run, and the tables before and after it are compared, whatever it is written in. A step that
takes something away is contracting; its file has to say UNUSED_SINCE = "<the release that stopped using it>".
On SQLite, where records are made, rows that it rewrites or deletes are seen as well.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import peewee
from playhouse.migrations import Migration, Runner

CHECKS = """SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE contype = 'c' AND connamespace = 'public'::regnamespace"""
KINDS = """SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
           WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"""
NUMBERS = ("smallint", "integer", "bigint")


Touched = tuple[int, str, str]  # what SQLite asks leave for: the action, the table, the column


class Step(NamedTuple):
    """`taken`: the table, or table.column, that is no longer there."""

    what: str
    taken: str = ""


# SQLite, where records are made, has one size of whole numbers, and checks no references of older tables.
UNSEEN = Step("takes something away that only PostgreSQL shows")


class Column(NamedTuple):
    kind: str
    null: bool
    default: object


class Table(NamedTuple):
    columns: dict[str, Column]
    unique: set[tuple[tuple[str, ...], str]]  # columns, and what of which rows is
    checks: set[str]
    references: set[tuple[str, str]]


class Applied(NamedTuple):
    """A migration as a release has it."""

    name: str
    steps: tuple[Step, ...] = ()
    unused_since: str = ""


def of(database: Any, directory: Path, history: str) -> Iterator[Applied]:
    """Apply the migrations one after the other to an empty database; what each of them takes away."""
    runner = Runner(database, str(directory), table_name=history)
    for migration in Migration.load_directory(str(directory)):
        before = tables(database)
        with _watched(database) as touched:
            runner.up(migration.name)
        since = getattr(migration.load(), "UNUSED_SINCE", "")
        found = (*taken_away(before, tables(database)), *rewritten(before, touched))
        yield Applied(migration.name, found or (UNSEEN,) * bool(since), since)


@contextmanager
def _watched(database: Any) -> Iterator[list[Touched]]:
    touched: list[Touched] = [(0, "", "")]
    if not isinstance(database, peewee.SqliteDatabase):
        yield touched
        return

    def note(action: int, table: str | None, column: str | None, *_: str | None) -> int:
        touched.append((action, table or "", column or ""))
        return sqlite3.SQLITE_OK

    database.connection().set_authorizer(note)
    yield touched
    database.connection().set_authorizer(None)


def rewritten(before: dict[str, Table], touched: list[Touched]) -> Iterator[Step]:
    """Rows that the release before may read otherwise or miss; a table that is dropped is seen anyhow."""
    found = set()
    for last, (action, table, column) in pairwise(touched):
        if table in before:
            if action == sqlite3.SQLITE_UPDATE and column in before[table].columns:
                found.add(f"rewrites {table}.{column}")
            if action == sqlite3.SQLITE_DELETE and last[:2] != (sqlite3.SQLITE_DROP_TABLE, table):
                found.add(f"deletes rows of {table}")
    yield from map(Step, sorted(found))


def tables(database: Any) -> dict[str, Table]:
    checks = _checks(database)
    return {
        name: Table(
            columns=_columns(database, name),
            unique={_unique(index) for index in database.get_indexes(name) if index.unique},
            checks={check for table, check in checks if table == name},
            references={(key.column, key.dest_table) for key in database.get_foreign_keys(name)},
        )
        for name in database.get_tables()
    }


def _unique(index: peewee.IndexMetadata) -> tuple[tuple[str, ...], str]:
    columns = tuple(
        sorted(name for name in index.columns if re.fullmatch(r"\w+", name or ""))
    )  # no expressions
    by = _enclosed(index.sql, index.sql.find("(") + 1) if index.sql else ""
    where = re.search(r"\sWHERE\s.*", index.sql or "", re.S)
    plain = tuple(sorted(re.split(r"\W+", by.strip('"')))) in (columns, ("",))
    return columns, (_listed(columns) if plain else f"({by})") + (where[0] if where else "")


def _listed(columns: tuple[str, ...]) -> str:
    return f"({', '.join(columns)})"


def _enclosed(sql: str, start: int) -> str:
    """All up to the parenthesis that closes the one before `start`."""
    end, depth = start, 1
    while depth and end < len(sql):
        depth += {"(": 1, ")": -1}.get(sql[end], 0)
        end += 1
    return " ".join(sql[start : end - 1].split())


def _columns(database: Any, table: str) -> dict[str, Column]:
    kinds: dict[str, str] = {}
    if isinstance(database, peewee.PostgresqlDatabase):  # which tells no lengths otherwise
        kinds = dict(database.execute_sql(KINDS, (f'"{table}"',)).fetchall())
    return {
        one.name: Column(kinds.get(one.name, one.data_type).lower(), one.null, one.default)
        for one in database.get_columns(table)
    }


def _checks(database: Any) -> list[tuple[str, str]]:
    if isinstance(database, peewee.PostgresqlDatabase):
        return [(table.strip('"'), check) for table, check in database.execute_sql(CHECKS).fetchall()]
    made = database.execute_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    return [
        (table, _enclosed(sql, found.end()))
        for table, sql in made
        for found in re.finditer(r"\bCHECK\s*\(", sql or "", re.I)
    ]


def taken_away(before: dict[str, Table], after: dict[str, Table]) -> Iterator[Step]:
    for name, old in sorted(before.items()):
        if name in after:
            yield from _from_table(name, old, after[name])
        else:
            yield Step(f"drops the table {name}", name)


def _from_table(name: str, old: Table, new: Table) -> Iterator[Step]:
    for column in sorted(old.columns.keys() - new.columns.keys()):
        yield Step(f"drops the column {name}.{column}", f"{name}.{column}")
    for column, now in sorted(new.columns.items()):
        was = old.columns.get(column)
        if was is None:
            if not now.null and now.default is None:
                yield Step(f"adds {name}.{column} as NOT NULL without a default of the database")
            continue
        if was.null and not now.null:
            yield Step(f"makes {name}.{column} NOT NULL")
        if not now.null and now.default is None and was.default is not None:
            yield Step(f"takes the default of {name}.{column} away")
        if not _holds(now.kind, was.kind):
            yield Step(f"makes {name}.{column} {now.kind}, it was {was.kind}")
    yield from _from_rows(name, old, new)


def _from_rows(name: str, old: Table, new: Table) -> Iterator[Step]:
    for columns, what in sorted(new.unique - old.unique):
        if set(columns) <= old.columns.keys() and (columns, _listed(columns)) not in old.unique:
            yield Step(f"makes {name} {what} unique")
    for columns, what in sorted(old.unique - new.unique):
        if set(columns) <= new.columns.keys():
            yield Step(f"drops the unique index of {name} {what}, which ON CONFLICT may name")
    if new.checks - old.checks:
        yield Step(f"adds a check to {name}")
    for column, other in sorted(new.references - old.references):
        if column in old.columns:
            yield Step(f"makes {name}.{column} refer to {other}")


def _holds(now: str, was: str) -> bool:
    """Whether the type takes every value of the one before."""
    if now == was:
        return True
    if now in NUMBERS and was in NUMBERS:
        return NUMBERS.index(now) > NUMBERS.index(was)
    length = (re.fullmatch(r"(?:varchar|character varying)(?:\((\d+)\))?|text", kind) for kind in (now, was))
    new, old = (float(found[1] or "inf") if found else None for found in length)
    return new is not None and old is not None and new >= old
