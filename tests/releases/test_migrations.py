"""Migrations expand; one that takes something away names the release that stopped using it, out by then."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import peewee
import pytest
from playhouse import db_url

from local import databases
from releases import judge, steps
from releases.describe import source_of
from releases.records import KIT, UNITS, Release, Shelf
from releases.sources import REPOSITORY
from releases.steps import Applied

NAME = f"test_steps_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
BEGIN = """
import peewee

def up(migrator, db):
    class Plan(peewee.Model):
        code = peewee.TextField(primary_key=True)
        class Meta:
            database, table_name = db, "plans"
    class Quote(peewee.Model):
        day = peewee.TextField()
        plan = peewee.TextField(null=True)
        seats = peewee.BigIntegerField()
        note = peewee.CharField(max_length=20)
        number = peewee.TextField(unique=True)
        class Meta:
            database, table_name = db, "quotes"
    db.create_tables([Plan, Quote])
"""
EXPAND = (
    'add_column("quotes", "channel", peewee.TextField(null=True))',
    'add_column("quotes", "channel", peewee.TextField(default="", constraints=[peewee.SQL("DEFAULT \'\'")]))',
    'add_index("quotes", ("day",))',
    'add_column("quotes", "channel", peewee.TextField(null=True, unique=True))',
    'drop_not_null("quotes", "day")',
    'alter_column_type("quotes", "note", peewee.TextField())',
)
CONTRACT = {
    'drop_column("quotes", "day")': "drops the column quotes.day",
    'rename_column("quotes", "day", "date")': "drops the column quotes.day",
    'drop_index("quotes", "quote_number")': "drops the unique index of quotes (number)",
    'rename_table("quotes", "offers")': "drops the table quotes",
    'add_column("quotes", "channel", peewee.TextField(default="portal"))': (
        "adds quotes.channel as NOT NULL without a default of the database"
    ),
    'add_not_null("quotes", "plan")': "makes quotes.plan NOT NULL",
    'alter_column_type("quotes", "note", peewee.CharField(max_length=10))': "makes quotes.note ",
    'add_index("quotes", ("day", "plan"), unique=True)': "makes quotes (day, plan) unique",
}
ON_POSTGRESQL = {
    'alter_column_type("quotes", "seats", peewee.SmallIntegerField())': "makes quotes.seats smallint",
    'add_foreign_key_constraint("quotes", "plan", "plans", "code")': "makes quotes.plan refer to plans",
    'add_constraint("quotes", "some", peewee.Check("seats > 0"))': "adds a check to quotes",
}
SEEN = [
    *[("sqlite", operation) for operation in CONTRACT],
    *[("postgresql", operation) for operation in CONTRACT | ON_POSTGRESQL],
]
DROP = 'migrator.migrate(migrator.drop_column("quotes", "day"))'


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Any]:
    """An empty one."""
    if request.param == "sqlite":
        yield peewee.SqliteDatabase(":memory:")
        return
    if not databases.POSTGRES:
        pytest.skip("no PostgreSQL server: set TEST_POSTGRES_URL")
    server = db_url.connect(databases.POSTGRES)
    server.execute_sql(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
    server.execute_sql(f'CREATE DATABASE "{NAME}"')
    server.close()
    opened = db_url.connect(databases.address(NAME))
    yield opened
    opened.close()


def applied(database: Any, folder: Path, what: str, head: str = "", begin: str = BEGIN) -> Applied:
    """The second of two migrations: `what` it does."""
    (folder / "0001_begin.py").write_text(begin)
    (folder / "0002_next.py").write_text(f"{head}\nimport peewee\n\ndef up(migrator, db):\n    {what}\n")
    return list(steps.of(database, folder, "history"))[-1]


@pytest.mark.parametrize("operation", EXPAND)
def test_a_step_that_only_adds_is_no_contracting_one(database, tmp_path, operation):
    assert applied(database, tmp_path, f"migrator.migrate(migrator.{operation})").steps == ()


@pytest.mark.parametrize(("database", "operation"), SEEN, indirect=["database"])
def test_a_step_that_takes_something_away_is_seen(database, tmp_path, operation):
    found = applied(database, tmp_path, f"migrator.migrate(migrator.{operation})").steps

    assert any(what.startswith((CONTRACT | ON_POSTGRESQL)[operation]) for what, _ in found), found


BY_HAND = {
    "DROP TABLE quotes": "drops the table quotes",
    "ALTER TABLE quotes DROP COLUMN day": "drops the column quotes.day",
    "CREATE UNIQUE INDEX one ON quotes (lower(day))": "makes quotes (lower(day)) unique",
    "CREATE UNIQUE INDEX one ON quotes (plan, lower(day))": "makes quotes (plan, lower(day)) unique",
}


@pytest.mark.parametrize("sql", BY_HAND)
def test_sql_that_is_written_by_hand_is_seen_as_well(database, tmp_path, sql):
    assert [what for what, _ in applied(database, tmp_path, by_hand(sql)).steps] == [BY_HAND[sql]]


def by_hand(*statements: str) -> str:
    return "; ".join(f"db.execute_sql({sql!r})" for sql in statements)


PLACES = "CREATE TABLE places (code text, zone text NOT NULL{}, CHECK (length(code) < {}))"


@pytest.mark.parametrize(
    ("default", "longest", "step"),
    [
        (" DEFAULT 'UTC'", 9, []),
        (" DEFAULT 'UTC'", 5, ["adds a check to places"]),
        ("", 9, ["takes the default of places.zone away"]),
    ],
)
def test_a_table_that_is_made_anew_takes_and_fills_no_less(database, tmp_path, default, longest, step):
    before = by_hand(PLACES.format(" DEFAULT 'UTC'", 9))
    begin = f"def up(migrator, db):\n    {before}\n"
    anew = by_hand("DROP TABLE places", PLACES.format(default, longest))

    assert [what for what, _ in applied(database, tmp_path, anew, begin=begin).steps] == step


@pytest.mark.parametrize(
    ("statements", "step"),
    [
        (
            ["UPDATE quotes SET day = lower(day), number = 'x'"],
            ["rewrites quotes.day", "rewrites quotes.number"],
        ),
        (["DELETE FROM quotes WHERE seats = 0"], ["deletes rows of quotes"]),
        (["ALTER TABLE quotes ADD COLUMN at text", "UPDATE quotes SET at = day WHERE plan = 'eco'"], []),
    ],
)
def test_rows_that_the_release_before_may_read_otherwise_are_seen_where_records_are_made(
    tmp_path, statements, step
):
    database = peewee.SqliteDatabase(":memory:")

    assert [what for what, _ in applied(database, tmp_path, by_hand(*statements)).steps] == step


def test_a_step_that_sqlite_cannot_see_counts_when_its_migration_says_so(tmp_path):
    narrow = "migrator.migrate(migrator.alter_column_type('quotes', 'seats', peewee.SmallIntegerField()))"
    database = peewee.SqliteDatabase(":memory:")

    assert applied(database, tmp_path, narrow, 'UNUSED_SINCE = "0.2.0"').steps == (steps.UNSEEN,)


# When a contracting step may come


def release(*migrations: Applied, version: str = "0.2.0", columns: Sequence[str] = ("day", "plan")) -> Release:
    own = tuple(one._replace(name=f"orders {one.name}") for one in migrations)
    return Release("orders", version, kit="0.1.0", uses={"quotes": list(columns)}, migrations=own)


@pytest.fixture
def unnamed(tmp_path) -> Applied:
    return applied(peewee.SqliteDatabase(":memory:"), tmp_path, DROP)


@pytest.fixture
def named(tmp_path) -> Applied:
    return applied(peewee.SqliteDatabase(":memory:"), tmp_path, DROP, 'UNUSED_SINCE = "0.2.0"')


def test_a_contracting_step_without_a_release_is_refused(unnamed):
    [reason] = judge.unripe(release(unnamed), {})

    assert reason.startswith("orders 0002_next drops the column quotes.day: it must say UNUSED_SINCE")


def test_a_contracting_step_of_the_release_that_stops_using_the_thing_is_refused(named):
    does = "orders 0002_next drops the column quotes.day"
    recorded = {"orders": [release(version="0.1.0")]}

    assert list(judge.unripe(release(named), recorded)) == [f"{does}: orders 0.2.0 is not released yet"]
    recorded["orders"].append(release(named, columns=("plan",)))
    assert list(judge.unripe(release(named), recorded)) == [
        f"{does}: orders 0.2.0 is the release that brings it, not one before"
    ]


def test_a_release_that_still_uses_the_thing_is_not_the_one_to_name(named):
    assert list(judge.unripe(release(named, version="0.3.0"), {"orders": [release()]})) == [
        "orders 0002_next drops the column quotes.day, which orders 0.2.0 uses, although it is said not to"
    ]


def test_a_contracting_step_of_a_later_release_is_taken(named):
    before = release(columns=("plan",))

    assert list(judge.unripe(release(named, version="0.3.0", columns=("plan",)), {"orders": [before]})) == []


@pytest.mark.parametrize("unit", [unit for unit in (*UNITS, KIT) if unit != "portal"])
def test_no_migration_here_takes_away_what_a_release_before_it_uses(database, unit):
    shelf = Shelf()
    folder = source_of(REPOSITORY, unit) / unit / "migrations"
    found = [one._replace(name=f"{unit} {one.name}") for one in steps.of(database, folder, "history")]
    here = Release(unit, "0.0.0", migrations=tuple(found))
    recorded = {unit: [shelf.release(unit, version) for version in shelf.versions(unit)]}

    assert len(found) >= 1
    assert list(judge.unripe(here, recorded)) == []
