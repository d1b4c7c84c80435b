"""What tables a database has, as data: columns, keys, checks and indexes, the same however they came about."""

import re
from typing import Any

import peewee

Described = dict[str, dict[str, Any]]  # table → what it is made of
HISTORIES = {"migrations", "kit_migrations"}


def described(database: peewee.Database, tables: set[str], schema: str) -> Described:
    """The tables in `schema` (PostgreSQL) or in the file (SQLite)."""
    look = _postgres if isinstance(database, peewee.PostgresqlDatabase) else _sqlite
    return {table: look(database, table, schema) for table in sorted(tables)}


def _sqlite(database: peewee.Database, table: str, _schema: str) -> dict[str, Any]:
    def pragma(name: str, of: str) -> list[Any]:
        return list(database.execute_sql(f'PRAGMA {name}("{of}")'))

    made = "SELECT sql FROM sqlite_master WHERE name = ?"
    (sql,) = database.execute_sql(made, (table,)).fetchone()
    indexes = {}
    for _, name, unique, origin, _ in pragma("index_list", table):
        columns = [
            (column, descending) for _, _, column, descending, _, key in pragma("index_xinfo", name) if key
        ]
        (written,) = database.execute_sql(made, (name,)).fetchone()
        where = re.split(r"\bWHERE\b", written or "", maxsplit=1)[1:]
        indexes[name] = (columns, unique, origin, _plain(where[0]) if where else None)
    return {
        "columns": {
            (name, type_, bool(not_null), default, key)
            for _, name, type_, not_null, default, key in pragma("table_info", table)
        },
        "references": {
            (column, other, to) for _, _, other, column, to, *_ in pragma("foreign_key_list", table)
        },
        "checks": sorted(_checks(sql)),
        "indexes": indexes,
    }


def _checks(sql: str) -> list[str]:
    """What stands in parentheses after every CHECK."""
    found = []
    for start in re.finditer(r"\bCHECK \(", sql):
        depth, end = 1, start.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        found.append(_plain(sql[start.end() : end - 1]))
    return found


def _plain(sql: str) -> str:
    return re.sub(r"[\s\"]+", " ", sql).strip()


_POSTGRES = {
    "columns": """
        SELECT column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = %s AND table_name = %s""",
    "constraints": """
        SELECT contype::text, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = format('%%I.%%I', %s, %s)::regclass""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = %s AND tablename = %s",
}


def _postgres(database: peewee.Database, table: str, schema: str) -> dict[str, Any]:
    def rows(what: str, *values: str) -> set[Any]:
        found = database.execute_sql(_POSTGRES[what], values)
        return {tuple(re.sub(rf"\b{schema}\.", "", str(value)) for value in row) for row in found}

    return {
        "columns": rows("columns", schema, table),
        "constraints": rows("constraints", schema, table),
        "indexes": rows("indexes", schema, table),
    }
