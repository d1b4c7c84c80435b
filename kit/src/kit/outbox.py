"""The log of what this service says: written in the transaction of the change, kept, served, relayed.

What one service tells about one subject is a stream with the dense sequence 1, 2, 3 …; every event
names the one before it. RabbitMQ is only the delivery.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

import peewee

from kit import clock, context, db
from kit.envelopes import require_storable
from kit.settings import service_name


class Event(NamedTuple):
    """What a builder in events.py returns. `must`: readers have to understand this type."""

    type: str
    subject: str
    data: dict[str, Any]
    must: bool = False


class Stream(db.Table):
    """The head of what we said about one subject."""

    subject = peewee.TextField(primary_key=True)
    head = peewee.BigIntegerField()
    last = db.Id()
    previous = db.Id(null=True)
    moved_at = db.Instant(index=True)


class Outbox(db.Table):
    """One announced event; `envelope` is the CloudEvent exactly as it is sent and served."""

    id = peewee.BigAutoField()
    event_id = db.Id()
    subject = peewee.TextField()
    sequence = peewee.BigIntegerField()
    type = peewee.TextField()
    envelope = peewee.TextField()
    created_at = db.Instant()
    published_at = db.Instant(null=True)

    class Meta:
        table_name = "outbox"
        indexes = ((("subject", "sequence"), True),)


Outbox.add_index(Outbox.id, where=Outbox.published_at.is_null(), name="outbox_unsent")


# Given the number of new events and the id of the last one; building queries would cost more than they do.
_MOVE = """INSERT INTO streams (subject, head, last, moved_at) VALUES ({0}, {0}, {0}, {0})
ON CONFLICT (subject) DO UPDATE SET head = streams.head + excluded.head, previous = streams.last,
last = excluded.last, moved_at = excluded.moved_at RETURNING head, previous"""
_ROW = ("event_id", "subject", "sequence", "type", "envelope", "created_at")
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def add(*events: Event) -> list[str]:
    """Announce in the transaction of the change; an event outside a transaction would be a lie. The envelopes,
    by subject."""
    if not db.database.in_transaction():
        raise RuntimeError("outbox.add() belongs inside db.atomic()")
    streams: dict[str, list[Event]] = {}
    for event in events:
        streams.setdefault(event.subject, []).append(event)
    return [envelope for subject, told in streams.items() for envelope in _append(subject, told)]


def _append(subject: str, events: list[Event]) -> list[str]:
    """The stream moves once, by all of them."""
    ids, instant, by = [clock.new_id() for _ in events], clock.now(), context.current()
    moved = (subject, len(ids), db.bare(ids[-1]), instant)
    [(head, last)] = db.often(_MOVE.format(db.database.param), moved)
    before = [Stream.last.python_value(last), *ids]
    places = zip(count(head - len(ids) + 1), ids, before, strict=False)
    told = [(e, place, _envelope(e, place, instant, by)) for e, place in zip(events, places, strict=True)]
    rows = ((db.bare(id), subject, number, e.type, text, instant) for e, (number, id, _), text in told)
    db.insert(Outbox, _ROW, rows)
    return [envelope for _, _, envelope in told]


def _envelope(event: Event, place: tuple[int, str, str | None], instant: int, by: context.Context) -> str:
    """CloudEvents 1.0, structured mode (sequence is text there, by its extension's definition)."""
    require_storable(event.data)  # no reader would accept it, and its stream would stop there
    sequence, event_id, previous = place
    attributes = {
        "specversion": "1.0",
        "id": event_id,
        "source": service_name(),
        "type": event.type,
        "subject": event.subject,
        "sequence": str(sequence),
        "previous": previous,
        "time": clock.to_text(instant),
        "actor": by.actor,
        "address": by.address,
        "correlation": by.correlation,
        "traceparent": by.traceparent,
        "must": event.must or None,
        "datacontenttype": "application/json",
        "data": event.data,
    }
    return _encode({name: value for name, value in attributes.items() if value is not None})


def events_after(subject: str, sequence: int, limit: int) -> list[str]:
    """Envelopes of one stream after `sequence`, in order."""
    chosen = Outbox.select(Outbox.envelope).where((Outbox.subject == subject) & (Outbox.sequence > sequence))
    return [row.envelope for row in chosen.order_by(Outbox.sequence).limit(limit)]


def differences() -> Iterator[str]:
    """Where the log is no unbroken chain from 1 to the head of each stream; a sentence each."""
    ends: dict[str, tuple[int, str | None]] = {}
    for row in Outbox.select().order_by(Outbox.subject, Outbox.sequence).iterator():
        head, last = ends.get(row.subject, (0, None))
        ends[row.subject] = row.sequence, row.event_id
        if row.sequence != head + 1:
            yield f"log of {row.subject}: after {head} comes {row.sequence}"
        elif not _as_it_was_told(row, last):
            yield f"log of {row.subject}: event {row.sequence} is not as it was told"
    heads = {stream.subject: (stream.head, stream.last) for stream in Stream.select().iterator()}
    for subject in sorted(ends.keys() | heads.keys()):
        if ends.get(subject) != heads.get(subject):
            yield f"log of {subject}: it ends with {ends.get(subject)}, its head is {heads.get(subject)}"


def _as_it_was_told(row: Outbox, previous: str | None) -> bool:
    place = {"subject": row.subject, "sequence": str(row.sequence), "previous": previous}
    try:
        told = json.loads(row.envelope)
        return {"id": row.event_id, "type": row.type, "source": service_name(), **place} == {
            name: told.get(name) for name in ("id", "type", "source", *place)
        }
    except (ValueError, AttributeError):
        return False


def streams_moved(since: int, after_subject: str, limit: int) -> Sequence[Stream]:
    """Heads that moved since the instant, by subject; page on with the last subject."""
    chosen = Stream.select().where((Stream.moved_at >= since) & (Stream.subject > after_subject))
    return list(chosen.order_by(Stream.subject).limit(limit))
