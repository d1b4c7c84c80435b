"""PostgreSQL is asked with as few messages as do it, and what it is asked means what it would with more."""

import threading

import peewee
import pytest

from kit import db
from sample.models import Effect

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
ONE = "SELECT %s + 1"


@pytest.fixture
def said(database, monkeypatch):
    """What goes over the wire, in order."""
    texts = []

    class Listening(type(database.connection().cursor())):
        def execute(self, sql, params=None):
            texts.append(sql)
            return super().execute(sql, params)

    monkeypatch.setattr(database.connection(), "cursor_factory", Listening)
    return texts


def note(text: str = "") -> None:
    Effect.create(source="shop", subject=text, sequence=1)


def test_begin_goes_out_with_the_first_statement(said):
    with db.atomic():
        note("a")
        note("b")

    begun, second, commit = said
    assert begun.startswith("BEGIN; INSERT")
    assert second.startswith("INSERT")
    assert commit == "COMMIT"


def test_a_transaction_in_which_nothing_is_asked_says_nothing(said):
    with db.atomic():
        pass
    with pytest.raises(KeyError), db.atomic():
        raise KeyError

    assert said == []
    assert Effect.select().count() == 0  # and what comes next begins none
    assert len(said) == 1
    assert said[0].startswith("SELECT")


def test_what_failed_first_is_undone_and_the_next_transaction_is_its_own(database):
    with pytest.raises(peewee.ProgrammingError), db.atomic():
        database.execute_sql("no such thing")
    with pytest.raises(ValueError, match="changed my mind"), db.atomic():
        note("undone")
        raise ValueError("changed my mind")
    with db.atomic():
        note("kept")

    assert [row.subject for row in Effect.select()] == ["kept"]


def test_a_savepoint_may_come_first(said):
    with db.atomic():
        with pytest.raises(ValueError, match="back"), db.atomic():
            note("undone")
            raise ValueError("back")
        note("kept")

    assert said[0].startswith("BEGIN; SAVEPOINT")
    assert [row.subject for row in Effect.select()] == ["kept"]


def test_one_statement_alone_is_one_message(said):
    with db.alone():
        note()

    assert len(said) == 1


def test_what_is_asked_often_is_read_and_planned_once_for_each_connection(database, said):
    assert [db.often(ONE, [number]).fetchone() for number in (1, 2, 3)] == [(2,), (3,), (4,)]
    assert [text for text in said if "PREPARE" in text] == [said[0]]
    answers = []

    def ask_on_another() -> None:
        with database.connection_context():
            answers.append(db.often(ONE, [4]).fetchone())

    asking = threading.Thread(target=ask_on_another)
    asking.start()
    asking.join()
    assert answers == [(5,)]


def test_what_was_prepared_in_a_transaction_that_failed_stays_prepared(database):
    with pytest.raises(ValueError, match="back"), db.atomic():
        db.often("SELECT %s + 2", [1])
        raise ValueError("back")

    assert db.often("SELECT %s + 2", [1]).fetchone() == (3,)


def test_what_cannot_be_prepared_says_why_each_time(database):
    for _ in range(2):
        with pytest.raises(peewee.ProgrammingError, match="no_such_table"):
            db.often("SELECT %s FROM no_such_table", [1])


def test_an_operator_may_add_options_of_their_own(database_url):
    opened = db.connect(f"{database_url}&options=-c%20statement_timeout%3D4321")
    with opened.connection_context():
        assert opened.execute_sql("SHOW statement_timeout").fetchone() == ("4321ms",)
        assert opened.execute_sql("SHOW enable_bitmapscan").fetchone() == ("off",)
    opened.close_all()
