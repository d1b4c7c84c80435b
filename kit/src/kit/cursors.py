"""How far this service has read each stream, and the one way in which events take effect.

A cursor moves in the transaction of the effect, so every effect happens exactly once and in order,
whatever the broker repeats, reorders or loses. Behind means sequence < head, whoever told us.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import accumulate, count, takewhile
from typing import Any, NamedTuple

import marshmallow
import peewee
import structlog

from kit import clock, context, db, metrics
from kit.db import given
from kit.envelopes import UNKNOWN_ID, Arrived, Head
from kit.errors import NotYet
from kit.failpoints import failpoint

log = structlog.get_logger()

RETRY_AFTER = (0.2, 1, 5, 30, 60, 120, 300, 600)  # seconds; the last one repeats until stop_after
NOT_YET_AFTER = clock.SECOND // 2
MOVING = {"attempts": 0, "retry_at": None, "error": None, "stopped": None, "stopped_by": None, "event": None}
CHANGED = "history-changed: the source tells another history than the one already applied"
NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # as JSON writes it
DIED = "the process ended while applying this event"


class Cursor(db.Table):
    """One stream of one source. `stopped` is the reason why an operator has to look (dead letter),
    `stopped_by` the release that gave up, `event` the one that does not take effect."""

    source = peewee.TextField()
    subject = peewee.TextField()
    sequence = peewee.BigIntegerField(default=0)
    last = db.Id(null=True)
    head = peewee.BigIntegerField(default=0)
    attempts = peewee.IntegerField(default=0)
    retry_at = db.Instant(null=True)
    error = peewee.TextField(null=True)
    stopped = peewee.TextField(null=True)
    stopped_by = peewee.TextField(null=True)
    event = peewee.JSONField(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("source", "subject")

    @classmethod
    def of(cls, source: str, subject: str) -> Any:
        """The condition that names one stream."""
        return (cls.source == source) & (cls.subject == subject)


MOVED = ("source", "subject", "sequence", "last", "head", "attempts")
_STEP = ", ".join(f"{name} = excluded.{name}" for name in (*MOVED[2:5], *MOVING))
MOVE = f"ON CONFLICT (source, subject) DO UPDATE SET {_STEP}"
Cursor.add_index(Cursor.source, Cursor.subject, where=Cursor.sequence < Cursor.head, name="cursors_behind")


class Handler(NamedTuple):
    """Our view of somebody's event and what we do when it happened; facts are never refused. `first`: what is
    done before, at once for all events of a batch that have the same."""

    view: marshmallow.Schema | None
    apply: Callable[[Arrived, Any], None]
    first: Callable[[list[Arrived]], None] | None = None


Handlers = Mapping[str, Mapping[str, Handler]]  # source → type → handler; "*" takes the other types


class Stopped(Exception):
    """The stream must wait for an operator or a release."""


class Reader:
    """Applies events of the sources in `handlers`; `stop_after` seconds of failing stop a stream."""

    def __init__(self, handlers: Handlers, stop_after: float = 3600, release: str = ""):
        self.handlers, self.release = handlers, release
        self.most_attempts = _attempts_within(stop_after)
        self.applied: tuple[str, int] | None = None  # the last event that took effect, and when

    def try_what_others_gave_up(self) -> None:
        """Let each stream that another release stopped have one more attempt: ours may mend it."""
        by_another = Cursor.stopped.is_null(False) & (peewee.fn.COALESCE(Cursor.stopped_by, "") != self.release)
        with db.atomic():
            Cursor.update({**MOVING, "attempts": self.most_attempts - 1}).where(by_another).execute()

    def take(self, events: Iterable[Arrived], *, fresh: bool) -> None:
        """Apply what is next in its stream; note the head of what is not.

        Up to a batch shares a transaction. When one fails, or when events are not fresh from the
        queue (they may have killed a process before), each goes alone with its attempt committed first.
        """
        ordered = sorted((e for e in events if e.source in self.handlers), key=lambda e: e[:3])
        if fresh and ordered:
            try:
                self._apply_together(ordered)
                return
            except Exception as error:
                log.info("batch_failed", error=repr(error), events=len(ordered))
        for event in ordered:
            self._apply_alone(event)

    def take_page(self, cursor: Cursor, events: list[Arrived]) -> None:
        """Apply one page of a stream's log; a page that was tried before goes event by event."""
        if cursor.attempts or not events:
            self.take(events, fresh=False)
        elif self._begin_attempt(events[0]):
            try:
                self._apply_together(events, begun=True)
            except Exception as error:  # of which event? Each goes alone next; only there a stream is stopped
                log.info("page_failed", error=repr(error), events=len(events))
                _update(events[0], error=repr(error)[:2000])

    def _apply_together(self, events: list[Arrived], begun: bool = False) -> None:
        with db.atomic():
            following = _advance(events, begun)
            self._act(following)
            failpoint("consumer.before-commit")
        failpoint("consumer.after-commit")
        if following:
            self.applied = following[-1].id, clock.now()

    def _act(self, events: list[Arrived]) -> None:
        """What has all of them at once comes first, then what each one means."""
        firsts = [(handler.first, event) for event in events if (handler := self._handler(event))]
        for act in dict.fromkeys(first for first, _ in firsts if first):
            act([event for first, event in firsts if first is act])
        for event in events:
            known = metrics.label(event.type, self.handlers[event.source])
            metrics.EVENTS_APPLIED.labels(event.source, known).inc()
            self._handle(event)

    def _apply_alone(self, event: Arrived) -> None:
        if not self._begin_attempt(event):
            note_head(event.source, event.subject, event.sequence)
            return
        try:
            self._apply_together([event], begun=True)
        except Exception as error:
            self._note_failure(event, error)

    def _handle(self, event: Arrived) -> None:
        handler = self._handler(event)
        if handler is None:
            if event.must:
                raise Stopped(f"not-understood: {event.type}")
            return
        data = handler.view.load(event.data) if handler.view else event.data
        actor = context.Context(event.actor, event.correlation, event.traceparent, event.address)
        with context.acting(actor):
            handler.apply(event, data)

    def _handler(self, event: Arrived) -> Handler | None:
        handlers = self.handlers[event.source]
        return handlers.get(event.type) or handlers.get("*")

    def _begin_attempt(self, event: Arrived) -> bool:
        """Commit that the event is being tried, so that one which kills the process is found."""
        here = (
            _next_in(event)
            & Cursor.stopped.is_null()
            & (Cursor.retry_at.is_null() | (Cursor.retry_at <= clock.now()))
        )
        with db.atomic():
            _ensure(event[:2])
            cursor = Cursor.get_or_none(here)
            if cursor is None:
                return False
            if cursor.attempts >= self.most_attempts:
                self._stop(event, f"failed {cursor.attempts} times: {cursor.error}")
                return False
            _update(
                event,
                attempts=cursor.attempts + 1,
                retry_at=clock.now() + int(_wait_after(cursor.attempts) * clock.SECOND),
                error=DIED,
                head=max(cursor.head, event.sequence),
            )
        return True

    def _note_failure(self, event: Arrived, error: Exception) -> None:
        """Write down why; a database that cannot even take that has failed itself, and the process ends."""
        log.warning("event_failed", source=event.source, type=event.type, id=event.id, error=repr(error))
        with db.atomic():
            match error:
                case Stopped():
                    self._stop(event, str(error))
                case NotYet():
                    _update(event, error=str(error), attempts=1, retry_at=clock.now() + NOT_YET_AFTER)
                case _:
                    _update(event, error=repr(error)[:2000])

    def _stop(self, event: Arrived, reason: str) -> None:
        _update(event, stopped=reason, stopped_by=self.release, event=_kept(event))

    def note_invalid(self, cursor: Cursor, event_id: str, error: Exception) -> None:
        """Count an attempt at an event whose envelope is invalid; after the last one the stream stops."""
        reason = f"invalid-envelope: {error}"
        log.warning("event_invalid", source=cursor.source, subject=cursor.subject, id=event_id, error=reason)
        metrics.EVENTS_UNDECODABLE.inc()
        values = {
            "attempts": cursor.attempts + 1,
            "retry_at": clock.now() + int(_wait_after(cursor.attempts) * clock.SECOND),
            "error": reason,
        }
        if cursor.attempts >= self.most_attempts:
            event = {"id": event_id, "sequence": cursor.sequence + 1, "invalid": str(error)}
            values = {"stopped": reason, "stopped_by": self.release, "event": event}
        unmoved = Cursor.of(cursor.source, cursor.subject) & (Cursor.sequence == cursor.sequence)
        with db.atomic():
            Cursor.update(**values).where(unmoved & Cursor.stopped.is_null()).execute()

    def stop_at_a_fork(self, cursor: Cursor) -> None:
        """The source does not know what we applied last."""
        forked = {"id": cursor.last, "sequence": cursor.sequence}
        found = {"stopped": CHANGED, "stopped_by": self.release, "event": forked}
        Cursor.update(found).where(standing_at(cursor) & Cursor.stopped.is_null()).execute()


def _kept(event: Arrived) -> Any:
    """The event for operators; PostgreSQL's JSON holds no NUL, no lone surrogate and no number without end."""
    text = json.dumps(event._asdict(), ensure_ascii=False).encode(errors="replace").decode()
    return json.loads(NUL.sub(r"\1\\ufffd", text), parse_constant=str)


def _wait_after(attempts: int) -> float:
    return RETRY_AFTER[min(attempts, len(RETRY_AFTER) - 1)]


def _attempts_within(seconds: float) -> int:
    """How many attempts the retry schedule makes in that time."""
    tried_at = accumulate(map(_wait_after, count()), initial=0.0)
    return sum(1 for _ in takewhile(lambda at: at <= seconds, tried_at))


def _next_in(event: Arrived) -> Any:
    return Cursor.of(event.source, event.subject) & (Cursor.sequence == event.sequence - 1)


def standing_at(cursor: Cursor) -> Any:
    """The same stream, still where it was read."""
    place = (Cursor.sequence == cursor.sequence) & (Cursor.head == cursor.head)
    return Cursor.of(cursor.source, cursor.subject) & place


def _update(arrived: Arrived, **values: Any) -> None:
    """Nothing, when another worker has moved the stream past the event meanwhile."""
    Cursor.update(**values).where(_next_in(arrived)).execute()


def _ensure(*streams: tuple[str, str]) -> None:
    """FOR UPDATE locks nothing where there is no row yet, so the first row is made before any update."""
    Cursor.insert_many(streams, fields=[Cursor.source, Cursor.subject]).on_conflict_ignore().execute()


def _advance(events: list[Arrived], begun: bool) -> list[Arrived]:
    """Step over those that are next in their streams, all in one statement, and return them. What is old is
    passed over; what cannot be next, the log will bring. The rows stay locked until the effects commit."""
    places = _locked_places({event[:2] for event in events})
    following, moved = [], {}
    for event in events:
        stream, place = event[:2], places[event[:2]]
        if event.sequence == place.sequence + 1 and not (place.stopped or (place.retry_at and not begun)):
            if not _goes_on(event, place):
                raise Stopped(CHANGED)
            head = max(place.head, event.sequence)
            places[stream] = moved[stream] = place._replace(sequence=event.sequence, last=event.id, head=head)
            following.append(event)
        else:
            metrics.EVENTS_NOT_NEXT.labels(event.source).inc()
    if moved:
        db.insert(Cursor, MOVED, ((*p[:3], db.bare(p.last), p.head, 0) for p in moved.values()), MOVE)
    early = {event[:2]: event.sequence for event in events if event.sequence > places[event[:2]].sequence}
    for stream, sequence in early.items():
        note_head(*stream, sequence)
    return following


@cache
def _lock(streams: int) -> db.Statement:
    """So many cursors, locked in one order, so that workers that meet wait for each other."""
    named = (Cursor.source, Cursor.subject)
    places = [tuple(given(field, f"{field.name}{number}") for field in named) for number in range(streams)]
    here = peewee.Tuple(*named).in_(peewee.ValuesList(places))
    return db.Statement(lambda: db.locked(Cursor.select().where(here).order_by(*named)))


def _locked_places(streams: set[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """Locked; made where there is no row yet."""
    named = {
        f"{name}{n}": one for n, stream in enumerate(streams) for name, one in zip(MOVED, stream, strict=False)
    }
    places = {row[:2]: row for row in _lock(len(streams))(**named)}
    if missing := streams - places.keys():
        _ensure(*missing)
    return _locked_places(streams) if missing else places


def _goes_on(event: Arrived, place: Any) -> bool:
    """Whether it was told after the event that we applied last, as far as that has a known id."""
    return place.sequence == 0 or place.last in (UNKNOWN_ID, event.previous)


def note_heads(source: str, streams: list[Head]) -> list[Cursor]:
    """Remember how far the streams go; the cursors that stand beyond the head, or there at another event."""
    heads = {stream.subject: (stream.head, stream.id) for stream in streams}
    ours = list(Cursor.select().where((Cursor.source == source) & Cursor.subject.in_(list(heads))))
    known = {cursor.subject: cursor.head for cursor in ours}
    with db.atomic():
        for subject, (head, _) in heads.items():
            if head > known.get(subject, 0):
                note_head(source, subject, head)
    told = [(cursor, *heads[cursor.subject]) for cursor in ours]
    return [c for c, head, last in told if c.sequence > head or (c.sequence == head and c.last != last)]


def note_head(source: str, subject: str, head: int) -> None:
    """Remember that the stream goes on to `head` at least."""
    with db.atomic():
        _ensure((source, subject))
        Cursor.update(head=head).where(Cursor.of(source, subject) & (Cursor.head < head)).execute()


def behind(source: str, limit: int = 100) -> list[Cursor]:
    """Cursors of the source that have something to fetch and may be tried now; some of them, in random order,
    so that a hundred that cannot advance (their source lost what it told) keep no other waiting for ever."""
    due = Cursor.retry_at.is_null() | (Cursor.retry_at <= clock.now())
    waiting = (Cursor.source == source) & (Cursor.sequence < Cursor.head) & Cursor.stopped.is_null() & due
    return list(Cursor.select().where(waiting).order_by(peewee.fn.RANDOM()).limit(limit))


def measure() -> None:
    """How much is left to read, and what waits for an operator."""
    metrics.STREAMS_BEHIND.set(Cursor.select().where(Cursor.sequence < Cursor.head).count())
    metrics.STREAMS_STOPPED.set(len(stopped()))


def stopped() -> list[Cursor]:
    return list(Cursor.select().where(Cursor.stopped.is_null(False)))


def differences() -> Iterator[str]:
    """Cursors that stand nowhere; a sentence each. Whether a source tells the same, a look at its log finds."""
    begun = (Cursor.sequence > 0) != Cursor.last.is_null(False)
    for cursor in Cursor.select().where(begun | (Cursor.sequence > Cursor.head)):
        place = f"at {cursor.sequence} of {cursor.head}, after event {cursor.last}"
        yield f"cursor of {cursor.source} {cursor.subject}: it stands {place}"
