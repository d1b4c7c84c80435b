"""Deliberately broken variants of the delivery; each must be caught by the machine.

MUTANTS: name → a context in which the kit is broken like that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from kit import catchup, consumer, cursors, db, envelopes, outbox, relay, rewind

Broken = Iterator[None]


@contextmanager
def a_cursor_without_sequence() -> Broken:
    """It follows whatever comes, be it old, repeated or too early."""

    def advance(events: list[cursors.Arrived], begun: bool) -> list[cursors.Arrived]:
        for event in events:
            cursors._ensure(event[:2])
            moved = {"sequence": event.sequence, "last": event.id, "attempts": 0, "retry_at": None}
            cursors.Cursor.update(moved).where(cursors.Cursor.of(*event[:2])).execute()
        return events

    with mock.patch.object(cursors, "_advance", advance):
        yield


@contextmanager
def a_cursor_that_moves_after_the_effect_is_committed() -> Broken:
    def apply_together(self: cursors.Reader, events: list[cursors.Arrived], begun: bool = False) -> None:
        for event in events:
            cursor = cursors.Cursor.get_or_none(source=event.source, subject=event.subject)
            if event.sequence == (cursor.sequence if cursor else 0) + 1:
                with db.atomic():
                    self._act([event])
            consumer.failpoint("consumer.before-commit")
            with db.atomic():
                cursors._advance([event], begun=False)

    with mock.patch.object(cursors.Reader, "_apply_together", apply_together):
        yield


@contextmanager
def a_consumer_that_acknowledges_first() -> Broken:
    def take(channel: Any, reader: cursors.Reader, batch: list[Any]) -> None:
        channel.basic_ack(batch[-1][0].delivery_tag, multiple=True)
        reader.take([envelopes.parse(body) for _, body in batch], fresh=True)

    with mock.patch.object(consumer, "_take", take):
        yield


@contextmanager
def a_relay_that_marks_first() -> Broken:
    real = relay.unsent

    def unsent(limit: int) -> list[outbox.Outbox]:
        window = real(limit)
        if window and relay.lease.take():
            relay.mark_sent(window)
        return window

    with mock.patch.object(relay, "unsent", unsent):
        yield


@contextmanager
def heads_that_are_not_stored() -> Broken:
    with mock.patch.object(cursors, "note_head"):
        yield


@contextmanager
def looks_that_do_not_overlap() -> Broken:
    with mock.patch.object(catchup, "OVERLAP", 0), mock.patch.object(catchup, "LONG_OVERLAP", 0):
        yield


@contextmanager
def events_whose_previous_is_not_compared() -> Broken:
    with mock.patch.object(cursors, "_goes_on", return_value=True):
        yield


@contextmanager
def looks_that_compare_no_heads() -> Broken:
    with mock.patch.object(catchup.CatchUp, "still_tells", return_value=True):
        yield


@contextmanager
def a_way_back_that_stops_one_event_early() -> Broken:
    real = rewind._shared

    def shared(look: catchup.CatchUp, cursor: cursors.Cursor, head: int, at: int) -> tuple[int, str | None]:
        sequence, last = real(look, cursor, head, at)
        return (sequence, last) if sequence == cursor.sequence else (cursor.sequence - 1, last)

    with mock.patch.object(rewind, "_shared", shared):
        yield


@contextmanager
def a_way_back_that_keeps_what_was_undone() -> Broken:
    real = rewind._back

    def back(*place: Any) -> list[str]:
        return real(*place[:-1], lambda *_stream: ())

    with mock.patch.object(rewind, "_back", back):
        yield


@contextmanager
def an_outbox_that_does_not_wait_for_the_commit() -> Broken:
    def add(*events: outbox.Event) -> None:
        for event in events:
            outbox._append(event)
            db.database.commit()
            db.database.begin()

    with mock.patch.object(outbox, "add", add):
        yield
