"""A statement is built once and means what its query means, on both databases."""

import peewee
import pytest

from kit import db
from kit.db import given
from kit.lease import Lease

LEFT = db.Statement(
    Lease.select().where(Lease.expires_at >= given(Lease.expires_at, "now")).order_by(Lease.name)
)
MAKE = db.Statement(
    Lease.insert(name=given(Lease.name), holder="us", expires_at=given(Lease.expires_at)).on_conflict_ignore()
)
MOVE = db.Statement(
    Lease.update(expires_at=given(Lease.expires_at, "until")).where(
        (Lease.name == given(Lease.name)) & (Lease.expires_at == given(Lease.expires_at, "was"))
    )
)


def test_its_rows_have_the_names_and_values_of_the_fields(database):
    Lease.create(name="a", holder="us", expires_at=5)
    Lease.create(name="b", holder="them", expires_at=4)

    assert [row._asdict() for row in LEFT(now=5)] == [{"name": "a", "holder": "us", "expires_at": 5}]
    assert [row.name for row in LEFT(now=4)] == ["a", "b"]


def test_a_change_says_how_many_rows_it_changed_whatever_the_order_of_its_values(database):
    assert MAKE(expires_at=5, name="a") == 1
    assert MAKE(name="a", expires_at=6) == 0
    assert MOVE(until=9, was=5, name="a") == 1
    assert MOVE(until=10, was=5, name="a") == 0
    assert [(row.name, row.expires_at) for row in Lease.select()] == [("a", 9)]


def test_it_may_lock_what_it_reads(database):
    text, _ = db.locked(Lease.select()).sql()
    locking = db.Statement(lambda: db.locked(Lease.select()))

    locking()

    assert locking.built[db.is_postgres()][0] == text


def test_a_value_that_is_missing_is_an_error(database):
    with pytest.raises(KeyError, match="until"):
        MOVE(name="a", was=5)


def test_it_is_not_built_again(database, monkeypatch):
    LEFT(now=1)
    monkeypatch.setattr(peewee.Select, "sql", lambda _: pytest.fail("built again"))

    assert LEFT(now=1) == []
