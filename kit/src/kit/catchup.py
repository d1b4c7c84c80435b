"""Reads the logs of the sources over HTTP: whatever the broker loses, this finds.

At start, after every reconnect and every few seconds it asks which heads moved, stores them, and
fetches what the cursors miss. Outside any transaction while waiting for a source.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

import httpx
import structlog

from kit import auth, calls, clock, cursors, envelopes, metrics
from kit.envelopes import Arrived, Head, InvalidEnvelope
from kit.settings import Settings

log = structlog.get_logger()

OVERLAP = 15 * clock.SECOND
LONG_OVERLAP = 600 * clock.SECOND  # once a minute; longer than any transaction may take
LONG_LOOK_EVERY = 60  # seconds
PAGE = 50
TIMEOUT = 5  # seconds to connect, and to answer: together less than a part of the worker may be silent
UNREADABLE = (httpx.HTTPStatusError, httpx.DecodingError, InvalidEnvelope)  # of one stream
UNREACHABLE = (httpx.HTTPError, InvalidEnvelope)  # of all of a source


class Heads(NamedTuple):
    """One page of the streams that moved; `now` is the source's clock."""

    now: int
    heads: list[Head]


class CatchUp:
    """`urls`: source → base address; `token(source)` gives a bearer token with the scope events:read.

    A round over many streams, or over sources that hang, is long: `beat` is called before each request, and may
    raise to end it.
    """

    def __init__(
        self,
        urls: dict[str, str],
        reader: cursors.Reader,
        token: Callable[[str], str],
        beat: Callable[[], None] = lambda: None,
    ):
        self.reader, self.token, self.beat = reader, token, beat
        self.clients = {source: calls.client(url, timeout=TIMEOUT) for source, url in urls.items()}
        self.since: dict[str, int] = {}  # the source's own clock, in memory only: a restart looks at all
        self.long_look_at = time.monotonic() + LONG_LOOK_EVERY

    @classmethod
    def of(cls, settings: Settings, reader: cursors.Reader, beat: Callable[[], None] = lambda: None) -> Self:
        signer = auth.Signer(settings.signing_key_file)

        def token(source: str) -> str:
            return signer.token(signer.issuer, {"events:read"}, aud=auth.for_unit(source))

        return cls(settings.source_urls, reader, token, beat)

    def look(self) -> None:
        """Once around all sources; one that cannot be reached is left for the next time."""
        overlap = OVERLAP
        if time.monotonic() >= self.long_look_at:
            overlap, self.long_look_at = LONG_OVERLAP, time.monotonic() + LONG_LOOK_EVERY
        for source in self.clients:
            try:
                self._note_heads(source, overlap)
            except UNREACHABLE as error:
                log.info("source_unreachable", source=source, error=repr(error))
        self.fetch()

    def fetch(self) -> None:
        """Fetch and apply what the cursors are known to miss."""
        for source in self.clients:
            try:
                for cursor in cursors.behind(source):
                    self._read_on(cursor)
            except httpx.TransportError as error:
                log.info("source_unreachable", source=source, error=repr(error))

    def _note_heads(self, source: str, overlap: int) -> None:
        began: int | None = None
        for page in self.pages_of_heads(source, max(self.since.get(source, 0) - overlap, 0)):
            began = page.now if began is None else began
            for cursor in cursors.note_heads(source, page.heads):
                try:
                    forked = not self.still_tells(cursor)
                except UNREADABLE as error:
                    log.warning("stream_unreadable", source=source, subject=cursor.subject, error=repr(error))
                    continue
                if forked:
                    self.reader.stop_at_a_fork(cursor)
        if began is not None:
            self.since[source] = began

    def pages_of_heads(self, source: str, since: int = 0) -> Iterator[Heads]:
        """Which streams moved since that instant of the source's clock, and how far."""
        cursor: str | None = ""
        seen = set()
        while cursor is not None:
            page = self._get(source, "/v1/streams", since=clock.to_text(since), cursor=cursor)
            heads = list(_valid_heads(source, envelopes.parse_items(page)))
            yield Heads(envelopes.parse_instant(page, "now"), heads)
            seen.add(cursor)
            cursor = envelopes.parse_next(page)
            if cursor in seen:
                raise InvalidEnvelope("next names a page that was read before")

    def still_tells(self, cursor: cursors.Cursor) -> bool:
        """Whether the source has the event that we applied last; logs only grow, unless one was restored."""
        if not cursor.sequence:
            return True
        items = self.page(cursor.source, cursor.subject, cursor.sequence - 1, 1)
        return [envelopes.parse_event(item).id for item in items] == [cursor.last]

    def page(self, source: str, subject: str, after: int, limit: int = PAGE) -> list[Any]:
        """Events of the stream after that sequence, each of them not validated yet."""
        return envelopes.parse_items(self._get(source, "/v1/events", subject=subject, after=after, limit=limit))

    def _read_on(self, cursor: cursors.Cursor) -> None:
        """Read the stream page by page while it advances; one that cannot be read keeps no other waiting."""
        stream = cursor.source, cursor.subject
        while True:
            try:
                items = self._readable_page(*stream, after=cursor.sequence)
            except UNREADABLE as error:
                log.warning("stream_unreadable", stream=stream, after=cursor.sequence, error=repr(error))
                return
            self._apply(cursor, items)
            moved = cursors.Cursor.get_by_id(stream)
            if moved.sequence == cursor.sequence or moved.sequence >= moved.head:
                return
            cursor = moved

    def _readable_page(self, source: str, subject: str, after: int) -> list[Any]:
        """A damaged event may spoil the JSON of its whole page; those before it are readable alone."""
        try:
            return self.page(source, subject, after)
        except InvalidEnvelope:
            return self.page(source, subject, after, 1)

    def _apply(self, cursor: cursors.Cursor, items: list[Any]) -> None:
        """Apply the events before the first invalid one, or count an attempt at that when it is next."""
        events: list[Arrived] = []
        for item in items:
            try:
                event = envelopes.parse_event(item)
                if event[:2] != (cursor.source, cursor.subject):
                    raise InvalidEnvelope("the event belongs to another stream")
            except InvalidEnvelope as error:
                if not events:
                    self.reader.note_invalid(cursor, envelopes.id_of(item), error)
                    return
                break
            events.append(event)
        self.reader.take_page(cursor, events)

    def _get(self, source: str, path: str, **query: Any) -> Any:
        self.beat()
        headers = {"Authorization": f"Bearer {self.token(source)}"}
        answer = self.clients[source].get(path, params=query, headers=headers)
        answer.raise_for_status()
        return envelopes.decode(answer.content)


def _valid_heads(source: str, items: list[Any]) -> Iterator[Head]:
    for item in items:
        try:
            yield envelopes.parse_head(item)
        except InvalidEnvelope as error:
            metrics.EVENTS_UNDECODABLE.inc()
            log.warning("head_invalid", source=source, error=str(error))
