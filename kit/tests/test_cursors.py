"""Every effect happens exactly once and in order, whatever the delivery repeats, reorders or loses."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import peewee
import pytest
import time_machine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kit import cursors, db, streams
from kit.cursors import Cursor, Handler, Reader
from kit.errors import NotYet
from sample.models import Effect, count, effects
from service_fixtures import Source


def told(number: int, subject: str = "a") -> list[cursors.Arrived]:
    shop = Source("shop")
    return [shop.tells("thing.sold", subject, {}) for _ in range(number)]


def cursor(subject: str = "a") -> Cursor:
    return Cursor.get_by_id(("shop", subject))


def failing_at(sequence: int, error: Exception):
    def apply(event, data):
        count(event, data)
        if event.sequence == sequence:
            raise error

    return Reader({"shop": {"*": Handler(None, apply)}})


def test_events_in_order_take_effect_in_order(reader):
    reader.take(told(3), fresh=True)

    assert effects() == [("a", 1), ("a", 2), ("a", 3)]


def test_an_event_delivered_again_has_no_second_effect(reader):
    events = told(2)
    for _ in range(3):
        reader.take(events, fresh=True)
        reader.take(events, fresh=False)

    assert effects() == [("a", 1), ("a", 2)]


def test_a_gap_is_remembered_and_nothing_beyond_it_takes_effect(reader):
    events = told(3)
    reader.take([events[0], events[2]], fresh=True)

    assert effects() == [("a", 1)]
    assert [(c.sequence, c.head) for c in cursors.behind("shop")] == [(1, 3)]


@pytest.mark.parametrize(("first", "until"), [(0, 50), (20, 50), (80, 200)], ids=["old", "partly old", "a gap"])
def test_a_batch_that_is_not_next_asks_the_database_little(reader, database, first, until, monkeypatch):
    events = told(200)
    reader.take(events[:50], fresh=True)
    asked, execute = [], database.execute_sql
    monkeypatch.setattr(database, "execute_sql", lambda sql, *rest: asked.append(sql) or execute(sql, *rest))
    reader.take(events[first:until], fresh=True)

    assert len(asked) <= 10
    assert effects() == [("a", number) for number in range(1, 51)]
    assert cursor().head == max(50, until)


def test_old_and_new_events_in_one_batch_take_effect_once(reader):
    events = told(9)
    reader.take(events[:5], fresh=True)
    reader.take([*events[3:7], *events[6:8], *events[:2], events[8]], fresh=True)

    assert effects() == [("a", number) for number in range(1, 10)]


def test_a_page_of_the_log_closes_the_gap(reader):
    events = told(3)
    reader.take([events[2]], fresh=True)
    reader.take_page(cursor(), events)

    assert effects() == [("a", 1), ("a", 2), ("a", 3)]
    assert cursors.behind("shop") == []


def test_a_source_we_do_not_follow_is_ignored(reader):
    reader.take([Source("elsewhere").tells("thing.sold", "a", {})], fresh=True)

    assert effects() == []


def test_an_unknown_type_is_moved_past(database):
    reader = Reader({"shop": {"thing.sold": Handler(None, count)}})
    shop = Source("shop")
    reader.take([shop.tells("thing.praised", "a", {}), shop.tells("thing.sold", "a", {})], fresh=True)

    assert effects() == [("a", 2)]


def test_a_type_that_must_be_understood_stops_its_stream_alone(database):
    reader = Reader({"shop": {"thing.sold": Handler(None, count)}})
    shop = Source("shop")
    reader.take([shop.tells("thing.recalled", "a", {}, must=True), *told(1, "b")], fresh=True)

    assert effects() == [("b", 1)]
    assert [c.stopped for c in cursors.stopped()] == ["not-understood: thing.recalled"]


UNHEARD_OF = {"sold": "\x00", "by": ["\ud800", "\\u0000", "Zoë 🎉"], "for": float("inf")}


@pytest.mark.parametrize("odd", [{"data": UNHEARD_OF}, {"actor": "\x00"}, {"correlation": "\udfff"}])
def test_an_event_of_characters_that_a_database_refuses_stops_its_stream_alone(database, odd):
    event = told(1)[0]._replace(must=True, **odd)
    Reader({"shop": {}}).take([event, *told(1, "b")], fresh=True)

    assert (cursor().stopped, cursor("b").sequence) == ("not-understood: thing.sold", 1)
    kept = cursor().event
    assert (kept["id"], kept["sequence"]) == (event.id, 1)
    if "data" in odd:
        assert kept["data"] == {"sold": "\ufffd", "by": ["?", "\\u0000", "Zoë 🎉"], "for": "Infinity"}


def test_one_failing_event_leaves_its_batch_neighbours_alone(database):
    reader = failing_at(2, ZeroDivisionError())
    innocent = [event for subject in "bcd" for event in told(1, subject)]
    reader.take([*told(3), *innocent], fresh=True)

    assert sorted(effects()) == [("a", 1), ("b", 1), ("c", 1), ("d", 1)]
    assert cursor().attempts == 1
    assert "ZeroDivisionError" in cursor().error


def test_a_failing_event_waits_longer_each_time_and_then_stops(database):
    reader = Reader({"shop": {"*": Handler(None, failing)}}, stop_after=30)
    event = told(1)[0]
    waits = []
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as clock:
        for _ in range(20):
            reader.take([event], fresh=False)
            if cursor().stopped:
                break
            waits.append((cursor().retry_at - cursors.clock.now()) / 1e6)
            clock.move_to(cursor().retry_at / 1e6 + 0.001)

    assert waits == [0.2, 1, 5, 30]
    assert cursor().stopped.startswith("failed 4 times: ZeroDivisionError")


def failing(_event, _data):
    raise ZeroDivisionError


def test_a_waiting_stream_is_not_tried_before_its_time(database):
    reader = Reader({"shop": {"*": Handler(None, failing)}})
    event = told(1)[0]
    reader.take([event], fresh=False)
    reader.take([event], fresh=False)
    reader.take([event], fresh=True)

    assert cursor().attempts == 1


def test_an_event_that_waits_for_another_source_is_never_given_up(database):
    reader = failing_at(1, NotYet("catalog", "plan eco"))
    event = told(1)[0]
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as clock:
        for _ in range(50):
            reader.take([event], fresh=False)
            clock.shift(60)

    assert cursor().stopped is None
    assert cursor().error == "waits for catalog: plan eco"


def lose_the_database(_event, _data):
    db.database.connection().close()
    db.database.execute_sql("SELECT 1")


@pytest.mark.parametrize("fresh", [True, False])
def test_a_database_that_is_gone_ends_the_process_and_stops_no_stream(database, fresh):
    reader = Reader({"shop": {"*": Handler(None, lose_the_database)}}, stop_after=0)

    def part_of_a_worker():
        with db.database.connection_context():
            reader.take(told(1), fresh=fresh)

    with ThreadPoolExecutor() as threads, pytest.raises(peewee.PeeweeException):
        threads.submit(part_of_a_worker).result()

    assert cursors.stopped() == []


def test_an_error_of_the_database_that_one_event_always_causes_stops_its_stream_alone(database):
    reader = failing_at(2, peewee.OperationalError("index row size exceeds the maximum"))
    reader.take([*told(2), *told(1, "b")], fresh=True)

    assert sorted(effects()) == [("a", 1), ("b", 1)]
    assert cursor().attempts == 1


def test_every_new_release_tries_a_stopped_stream_once(database):
    event, tries = told(1)[0], []

    def failing_again(_event, _data):
        tries.append(1)
        raise ZeroDivisionError

    def tries_of(release):
        tries.clear()
        reader = Reader({"shop": {"*": Handler(None, failing_again)}}, stop_after=30, release=release)
        reader.try_what_others_gave_up()
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as now:
            for _ in range(10):
                reader.take([event], fresh=False)
                now.shift(3600)
        assert (cursor().stopped, cursor().stopped_by) == ("failed 4 times: ZeroDivisionError()", by)
        return len(tries)

    by = "1.0.0"
    assert [tries_of("1.0.0"), tries_of("1.0.0")] == [4, 0]
    by = "1.0.1"
    assert [tries_of("1.0.1"), tries_of("1.0.1")] == [1, 0]


def test_an_event_that_killed_the_process_is_found_by_its_committed_attempt(database):
    class Killed(BaseException):
        pass

    def die(_event, _data):
        raise Killed

    event = told(1)[0]
    with pytest.raises(Killed):
        Reader({"shop": {"*": Handler(None, die)}}).take([event], fresh=False)

    assert (cursor().attempts, cursor().error) == (1, cursors.DIED)


def test_another_history_than_the_one_applied_stops_the_stream(reader):
    reader.take(told(2), fresh=True)
    other = told(3)
    reader.take([other[2]], fresh=True)

    assert effects() == [("a", 1), ("a", 2)]
    assert cursor().stopped.startswith("history-changed")


def test_a_stopped_stream_goes_on_where_it_stopped_after_a_retry(database):
    events = told(2)
    failing_at(1, cursors.Stopped("broken")).take(events, fresh=True)
    streams.act("retry", "shop", "a", "mended")
    failing_at(99, ZeroDivisionError()).take_page(cursor(), events)

    assert effects() == [("a", 1), ("a", 2)]


def test_a_stream_stops_at_the_event_of_the_page_that_stopped_it_and_not_before_its_neighbours(database):
    events = told(3)
    reader = failing_at(3, cursors.Stopped("not-understood: thing.recalled"))
    cursors.note_head("shop", "a", 3)
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as clock:
        for _ in range(3):
            for behind in cursors.behind("shop"):
                reader.take_page(behind, events[behind.sequence :])
            clock.shift(60)

    assert effects() == [("a", 1), ("a", 2)]
    assert (cursor().sequence, cursor().stopped) == (2, "not-understood: thing.recalled")


def test_a_failure_told_late_does_not_stop_a_stream_that_another_worker_moved_on(reader):
    events = told(2)
    reader.take(events, fresh=True)
    reader._note_failure(events[0], cursors.Stopped("not-understood: thing.recalled"))

    assert cursors.stopped() == []


def test_a_skipped_event_has_no_effect_and_the_next_one_has(database):
    events = told(2)
    failing_at(1, cursors.Stopped("broken")).take(events, fresh=True)
    streams.act("skip", "shop", "a", "sold twice by mistake")
    failing_at(99, ZeroDivisionError()).take_page(cursor(), events[1:])

    assert effects() == [("a", 2)]


def test_the_first_event_of_a_stream_delivered_by_many_at_once_has_one_effect(reader):
    events = told(20)
    barrier = threading.Barrier(4)

    def deliver():
        with db.database.connection_context():
            barrier.wait()
            for event in events:
                reader.take([event], fresh=True)

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(effects()) == sorted(set(effects()))
    reader.take_page(cursor(), events[cursor().sequence :])
    assert len(effects()) == 20


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10**9), loss=st.floats(0, 0.6))
def test_dropped_shuffled_and_repeated_deliveries_end_at_the_heads(reader, seed, loss):
    chance = random.Random(seed)
    Effect.delete().execute()
    Cursor.delete().execute()
    streams = {subject: told(12, subject) for subject in "abc"}
    deliveries = [event for events in streams.values() for event in events for _ in range(chance.randint(1, 3))]
    deliveries = [event for event in deliveries if chance.random() > loss]
    chance.shuffle(deliveries)
    while deliveries:
        size = chance.randint(1, 8)
        batch, deliveries = deliveries[:size], deliveries[size:]
        reader.take(batch, fresh=chance.random() < 0.7)
        if chance.random() < 0.2:
            for behind in cursors.behind("shop"):
                reader.take_page(behind, streams[behind.subject][behind.sequence :])

    for subject, events in streams.items():  # the last look of catch-up
        cursors.note_head("shop", subject, len(events))
    for behind in cursors.behind("shop"):
        reader.take_page(behind, streams[behind.subject][behind.sequence :])

    assert sorted(effects()) == [(subject, n) for subject in "abc" for n in range(1, 13)]


@pytest.mark.parametrize("damage", ["sequence = 3", "last = NULL", "sequence = 0"])
def test_a_cursor_that_stands_nowhere_is_named(reader, damage):
    reader.take(told(2), fresh=True)
    assert list(cursors.differences()) == []
    with db.atomic():
        db.database.execute_sql(f"UPDATE cursors SET {damage}")

    [named] = cursors.differences()
    assert named.startswith("cursor of shop a: it stands at ")
