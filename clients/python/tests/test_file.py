"""The file of a client: it answers while nobody can be asked, has one process, and is put aside with reason."""

import os
import sqlite3

import pytest

from seatwise.store import lock, unlock
from teller import knows


def test_the_file_answers_while_the_services_are_away(teller, make_client):
    teller.assign("acme", "ada")
    first = make_client()
    assert knows(first, "ada")
    first.stop()
    teller.away = True
    second = make_client()

    assert second.allows("ada", "retrieval")
    assert second.allows("ada", "retrieval").as_of == first.allows("ada", "retrieval").as_of


def overwrite_holders(file):
    with sqlite3.connect(file) as database:
        [(page,)] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'holders'")
        [(size,)] = database.execute("PRAGMA page_size")
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * size)


@pytest.mark.parametrize(
    "spoil",
    [lambda file: file.unlink(), lambda file: file.write_bytes(b"no database" * 99), overwrite_holders],
)
def test_a_file_that_is_lost_or_broken_is_read_anew(teller, make_client, tmp_path, spoil):
    teller.assign("acme", "ada")
    first = make_client()
    assert knows(first, "ada")
    first.stop()
    for rest in tmp_path.glob("own.db-*"):
        rest.unlink()
    spoil(tmp_path / "own.db")

    assert knows(make_client(), "ada")


def test_a_file_has_one_process(teller, client, make_client, tmp_path):
    with pytest.raises(RuntimeError, match=r"own\.db"):
        make_client()


def test_a_file_that_cannot_be_used_now_is_left_as_it_is(make_client, tmp_path):
    (tmp_path / "own.db").mkdir()
    client = make_client(start=False)
    with pytest.raises(sqlite3.OperationalError):
        client.start()
    (tmp_path / "own.db").rmdir()  # it was not put aside

    client.start()


def test_a_file_given_back_is_not_kept_by_a_child_of_the_process(tmp_path):
    held = lock(tmp_path / "own.db")
    as_in_a_child = os.dup(held.fileno())
    unlock(held)

    unlock(lock(tmp_path / "own.db"))
    os.close(as_in_a_child)


def test_the_file_can_be_looked_at(teller, client, tmp_path):
    teller.assign("acme", "ada")
    assert knows(client, "ada")
    with sqlite3.connect(tmp_path / "own.db") as file:
        assert file.execute("SELECT account, member, plan FROM holders").fetchall() == [("acme", "ada", "pro")]
