"""What a service says is dense, ordered and written with the change it tells."""

import json
import threading
import time

import pytest

from kit import context, db, outbox
from kit.outbox import Event
from service_fixtures import announced


def say(subject: str = "a", number: int = 1, **data: object) -> None:
    with db.atomic():
        outbox.add(*(Event("thing.sold", subject, data) for _ in range(number)))


def test_a_stream_counts_from_one_and_each_event_names_the_one_before(database):
    say(number=3)
    first, second, third = announced()

    assert [event.sequence for event in (first, second, third)] == [1, 2, 3]
    assert [first.previous, second.previous, third.previous] == [None, first.id, second.id]


def test_subjects_have_streams_of_their_own(database):
    say("a")
    say("b")

    assert [(event.subject, event.sequence) for event in announced()] == [("a", 1), ("b", 1)]


def test_an_event_of_a_change_that_was_rolled_back_was_never_said(database):
    say()
    with pytest.raises(ZeroDivisionError), db.atomic():
        outbox.add(Event("thing.sold", "a", {}))
        1 / 0
    say()

    assert [event.sequence for event in announced()] == [1, 2]


def test_an_event_outside_a_transaction_is_refused(database):
    with pytest.raises(RuntimeError, match="inside"):
        outbox.add(Event("thing.sold", "a", {}))


def test_a_transaction_that_took_too_long_is_refused(database, monkeypatch):
    monkeypatch.setattr(db, "LONGEST_TRANSACTION", -1)
    with pytest.raises(db.TransactionTooOld):
        say()

    assert announced() == []


def test_on_sqlite_whoever_waited_first_writes_before_busy_ones_of_its_process(database):
    """SQLite itself serves whoever asks at the right moment; on PostgreSQL they do not wait for each other."""
    written, (door, _) = [], database.turns

    def writes(name: str, times: int) -> None:
        with db.database.connection_context():
            for _ in range(times):
                with db.atomic():
                    written.append(name)
                    outbox.add(Event("thing.sold", name, {}))

    patient = threading.Thread(target=writes, args=("patient", 1))
    busy = [threading.Thread(target=writes, args=(name, 50)) for name in ("busy", "busier")]
    with db.atomic():
        patient.start()
        deadline = time.monotonic() + 30
        while not (door.locked() or db.is_postgres()) and time.monotonic() < deadline:
            time.sleep(0.001)
        for thread in busy:
            thread.start()
        time.sleep(0.1)
    for thread in (patient, *busy):
        thread.join()

    assert written[0] == "patient" or db.is_postgres(), written[:5]
    assert len(written) == 101


def test_many_writers_of_one_stream_leave_no_gap(database):
    def write():
        with db.database.connection_context():
            for _ in range(10):
                say()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    events = announced()
    assert [event.sequence for event in events] == list(range(1, 41))
    assert [event.previous for event in events[1:]] == [event.id for event in events[:-1]]


def test_the_envelope_is_a_cloud_event_that_says_who_did_it(database):
    with context.acting(context.Context("member:7", "order-1", address="203.0.113.9")):
        say(color="red")
    envelope = json.loads(outbox.events_after("a", 0, 1)[0])

    assert envelope["specversion"] == "1.0"
    assert (envelope["source"], envelope["type"], envelope["subject"]) == ("sample", "thing.sold", "a")
    assert (envelope["actor"], envelope["correlation"], envelope["address"]) == (
        "member:7",
        "order-1",
        "203.0.113.9",
    )
    assert envelope["data"] == {"color": "red"}
    assert "must" not in envelope


def test_heads_that_moved_are_listed_since_an_instant_page_by_page(database):
    for subject in "abc":
        say(subject)
    moved = outbox.streams_moved(0, "", 2)

    assert [(stream.subject, stream.head) for stream in moved] == [("a", 1), ("b", 1)]
    assert [stream.subject for stream in outbox.streams_moved(0, "b", 2)] == ["c"]
    assert outbox.streams_moved(moved[0].moved_at + 10**9, "", 2) == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("DELETE FROM outbox WHERE sequence = 2", "after 1 comes 3"),
        ("DELETE FROM outbox WHERE sequence = 3", "it ends with (2, "),
        ("UPDATE streams SET head = 4", "its head is (4, "),
        ("UPDATE streams SET last = (SELECT event_id FROM outbox WHERE sequence = 1)", "it ends with (3, "),
        ("DELETE FROM streams", "its head is None"),
        ("UPDATE outbox SET type = 'thing.lost' WHERE sequence = 2", "event 2 is not as it was told"),
        ("UPDATE outbox SET envelope = '{}' WHERE sequence = 2", "event 2 is not as it was told"),
        (
            "UPDATE outbox SET envelope = substr(envelope, 9) WHERE sequence = 1",
            "event 1 is not as it was told",
        ),
    ],
)
def test_a_log_that_is_no_unbroken_chain_is_named(database, damage, named):
    with db.atomic():
        outbox.add(*(Event("thing.sold", "a", {}) for _ in range(3)))
    assert list(outbox.differences()) == []
    with db.atomic():
        db.database.execute_sql(damage)

    assert any(named in difference for difference in outbox.differences()), list(outbox.differences())


@pytest.mark.parametrize(
    "data", [{"a": "\x00"}, {"a": ["\ud800"]}, {"a": float("inf")}, {"a": 2**63}], ids=ascii
)
def test_an_event_that_no_reader_accepts_is_not_written(database, data):
    with pytest.raises(ValueError), db.atomic():
        outbox.add(outbox.Event("thing.sold", "a", data))

    assert outbox.Outbox.select().count() == 0
