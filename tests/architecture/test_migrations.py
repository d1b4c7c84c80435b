"""The tables that the migrations make are those that the models mean, on both databases."""

import importlib
import pkgutil

import peewee
import pytest

import kit
from kit import db

from .tables import HISTORIES, Described, described
from .worlds import SERVICES

ASIDE = "of_the_models"  # a schema in PostgreSQL, a database in memory for SQLite


def models(package: str) -> list[type[peewee.Model]]:
    """Every table of the service, and those of the kit which it has too."""
    for module in pkgutil.iter_modules(kit.__path__):
        if module.name != "testing":  # pytest has it already
            importlib.import_module(f"kit.{module.name}")
    importlib.import_module(f"{package}.models")
    return [
        table for table in db.Table.__subclasses__() if table.__module__.partition(".")[0] in ("kit", package)
    ]


def made_from(tables: list[type[peewee.Model]], database: peewee.Database) -> Described:
    """What the models would make, looked at and taken back."""
    names = {table._meta.table_name for table in tables}
    if isinstance(database, peewee.SqliteDatabase):
        aside = peewee.SqliteDatabase(":memory:")
        with aside.bind_ctx(tables, bind_refs=False, bind_backrefs=False), aside.connection_context():
            aside.create_tables(tables)
            return described(aside, names, "main")
    with database.atomic() as transaction:
        database.execute_sql(f"CREATE SCHEMA {ASIDE}")
        database.execute_sql(f"SET LOCAL search_path TO {ASIDE}")
        database.create_tables(tables, safe=False)
        found = described(database, names, ASIDE)
        transaction.rollback()
    return found


def leave_out(migrated: Described, leaving: dict[str, set[str]]) -> None:
    """The columns that a service keeps for the release before, as docs/releasing.md says."""
    for table, columns in leaving.items():
        kept = {column for column in migrated[table]["columns"] if column[0] not in columns}
        assert len(kept) + len(columns) == len(migrated[table]["columns"]), f"{table} has no {columns}"
        migrated[table]["columns"] = kept


@pytest.fixture(params=[*SERVICES, "secure_messages"])
def package(request):
    """A product has tables too."""
    return request.param


@pytest.fixture
def tables(package):
    return models(package)


def test_migrations_make_what_the_models_mean(database, tables, package):
    database = db.database.obj
    migrated = described(database, set(database.get_tables()) - HISTORIES, "public")
    leave_out(migrated, getattr(importlib.import_module(f"{package}.models"), "LEAVING", {}))
    meant = made_from(tables, database)

    assert migrated.keys() == meant.keys()
    for table in meant:
        assert migrated[table] == meant[table], table


def test_a_column_that_is_kept_for_the_release_before_is_no_difference():
    migrated: Described = {"quotes": {"columns": {("id", "TEXT"), ("day", "TEXT")}}}
    leave_out(migrated, {"quotes": {"day"}})

    assert migrated["quotes"]["columns"] == {("id", "TEXT")}
