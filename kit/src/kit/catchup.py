"""Reads the logs of the sources over HTTP: whatever the broker loses, this finds.

At start, after every reconnect and every few seconds it asks which heads moved, stores them, and
fetches what the cursors miss. Outside any transaction while waiting for a source.
"""

import time
from collections.abc import Callable
from typing import Any

import httpx
import structlog

from kit import clock, cursors, db

log = structlog.get_logger()

OVERLAP = 15 * clock.SECOND
LONG_OVERLAP = 600 * clock.SECOND  # once a minute; longer than any transaction may take
LONG_LOOK_EVERY = 60  # seconds
PAGE = 50
TIMEOUT = 5  # seconds to connect, and to answer: together less than a part of the worker may be silent
UNREADABLE = (httpx.HTTPStatusError, ValueError, KeyError, TypeError)
UNREACHABLE = (httpx.HTTPError, *UNREADABLE)


class CatchUp:
    """`urls`: source → base address; `token()` gives a bearer token with the scope events:read.

    `beat` is called before each request: a round over many streams, or over sources that hang, is long.
    """

    def __init__(
        self,
        urls: dict[str, str],
        reader: cursors.Reader,
        token: Callable[[], str],
        beat: Callable[[], None] = lambda: None,
    ):
        self.reader, self.token, self.beat = reader, token, beat
        self.clients = {source: httpx.Client(base_url=url, timeout=TIMEOUT) for source, url in urls.items()}
        self.since: dict[str, int] = {}  # the source's own clock, in memory only: a restart looks at all
        self.long_look_at = time.monotonic() + LONG_LOOK_EVERY

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
        since = max(self.since.get(source, 0) - overlap, 0)
        began, cursor = None, ""
        while cursor is not None:
            page = self._get(source, "/v1/streams", since=clock.to_text(since), cursor=cursor)
            with db.atomic():
                for stream in page["items"]:
                    cursors.note_head(source, stream["subject"], stream["head"])
            began, cursor = began or page["now"], page["next"]
        self.since[source] = clock.from_text(began)

    def _read_on(self, cursor: cursors.Cursor) -> None:
        """Read the stream page by page while it advances; one that cannot be read keeps no other waiting."""
        while True:
            asked = {"subject": cursor.subject, "after": cursor.sequence, "limit": PAGE}
            try:
                page = self._get(cursor.source, "/v1/events", **asked)
                events = [cursors.parse_event(event) for event in page["items"]]
            except UNREADABLE as error:
                log.warning("stream_unreadable", source=cursor.source, error=repr(error), **asked)
                return
            self.reader.take_page(cursor, events)
            moved = cursors.Cursor.get_by_id((cursor.source, cursor.subject))
            if moved.sequence == cursor.sequence or moved.sequence >= moved.head:
                return
            cursor = moved

    def _get(self, source: str, path: str, **query: Any) -> dict[str, Any]:
        self.beat()
        headers = {"Authorization": f"Bearer {self.token()}"}
        answer = self.clients[source].get(path, params=query, headers=headers)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body
