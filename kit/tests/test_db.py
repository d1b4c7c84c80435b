"""What is read belongs to one moment, and what went wrong in a database is what is said of it."""

import threading
from types import SimpleNamespace

import peewee
import psycopg2
import pytest

from kit import db, outbox
from sample.models import Effect


def note(text: str = "") -> None:
    with db.atomic():
        Effect.create(source="shop", subject=text, sequence=1)


def test_a_snapshot_reads_one_moment_and_keeps_no_writer_waiting(database):
    def writes() -> None:
        with database.connection_context():
            note()

    with db.snapshot():
        before = Effect.select().count()
        writer = threading.Thread(target=writes)
        writer.start()
        writer.join(20)
        assert not writer.is_alive()
        assert Effect.select().count() == before

    assert Effect.select().count() == before + 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_named(database):
    pages = database.execute_sql("PRAGMA page_count").fetchone()[0]
    database.execute_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(peewee.OperationalError, match="full"):
        note("x" * 100_000)


@pytest.fixture
def rested(database_url):
    """asks(): one small question on a connection of the pool; loses(): the server ends that connection."""
    pool = db.connect(database_url)

    def asks() -> int:
        with pool.connection_context():
            return pool.execute_sql("SELECT pg_backend_pid()").fetchone()[0]

    def loses() -> None:
        other = psycopg2.connect(database_url)
        with other, other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", (asks(),))
        other.close()

    yield SimpleNamespace(asks=asks, loses=loses)
    pool.close_all()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_ended_while_it_rested_is_replaced(rested):
    rested.loses()

    assert rested.asks()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_rested_is_used_again(rested):
    assert rested.asks() == rested.asks()


@pytest.mark.parametrize("text", ["ev-1", "", "x" * 32, "0" * 31])
def test_an_id_that_could_not_be_read_again_is_not_written(database, text):
    with pytest.raises(ValueError):
        outbox.Outbox.insert(event_id=text).execute()
