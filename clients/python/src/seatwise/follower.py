"""Follows what entitlements says: from the broker at once, from the log whatever the broker loses.

Every few seconds it asks how far each account's story goes, and reads on wherever it stands before that.
What comes from the broker is applied when it is next; else the log has it.
"""

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from itertools import groupby

from seatwise.events import Event, instant
from seatwise.source import Head, Source, Unreachable
from seatwise.store import Cursor, Store

log = logging.getLogger("seatwise")

OVERLAP = 15  # seconds before the last look, by the clock of the source; what was committed late is found
LONG_OVERLAP = 600  # once a minute; longer than any transaction there may take
LONG_LOOK_EVERY = 60
WHOLE_LOOK_EVERY = 3600  # of all accounts; it alone finds those that a source which was restored never had
PAUSES = (0.2, 1, 5, 30, 60, 120, 300)  # seconds before an account that failed is tried again
WAITING = 10_000  # events; what does not fit is read from the log


class Follower(threading.Thread):
    """Hands events to `apply`, of each account in order and each once: `apply(store, events)` moves the cursor
    of `reader` with what it does. `begin(store)` is called first, until it succeeds; `current(store, instant)`
    after a look that left nothing to read."""

    def __init__(
        self,
        reader: str,
        source: Source,
        store: Store,
        apply: Callable[[Store, Sequence[Event]], None],
        *,
        begin: Callable[[Store], None] = lambda _store: None,
        current: Callable[[Store, float], None] = lambda _store, _instant: None,
        forked: Callable[[Store, Cursor], None],
        look_every: float = 3,
    ):
        super().__init__(name=f"seatwise {reader}", daemon=True)
        self.reader, self.source, self.store = reader, source, store
        self.apply, self.begin, self.current, self.forked = apply, begin, current, forked
        self.look_every = look_every
        self.arriving: queue.Queue[Event | None] = queue.Queue(WAITING)
        self.stopping = threading.Event()
        self.waiting: dict[str, tuple[int, float]] = {}  # account → failures, when it is tried again
        self._since: str | None = None  # in memory only: a restart looks at all
        self._whole_look_at = time.monotonic() + WHOLE_LOOK_EVERY
        self._away = ""  # why, said once for each reason and not at every look
        self._long_look_at = time.monotonic() + LONG_LOOK_EVERY

    def take(self, event: Event) -> None:
        """From the broker; called by its thread."""
        try:
            self.arriving.put_nowait(event)
        except queue.Full:
            log.info("more arrives than %s applies; the rest is read from the log", self.reader)

    def look_now(self) -> None:
        """What was said while nobody listened is in the log."""
        if self.arriving.empty():
            self.arriving.put(None)

    def stop(self) -> None:
        self.stopping.set()
        self.look_now()

    # The thread. --------------------------------------------------------------------------------

    def run(self) -> None:
        store, begun = self.store, False
        while not self.stopping.is_set():
            begun = begun or self._tries(self.begin, store)
            if begun:
                self._tries(self._read_the_log, store)
                self._tries(self._listen, store)
            else:
                self.stopping.wait(self._pause())
        store.close()

    def _tries(self, step: Callable[[Store], None], store: Store) -> bool:
        """Whether it succeeded. Nothing ends the thread: what was missed is read from the log, later."""
        try:
            step(store)
        except Exception as error:
            expected = isinstance(error, Unreachable)
            reason = str(error) if expected else repr(error)
            level = logging.INFO if reason == self._away else logging.WARNING
            log.log(level, "%s goes on with what it knows: %s", self.reader, reason, exc_info=not expected)
            self._away = reason
            return False
        return True

    def _pause(self) -> float:
        return self.look_every * random.uniform(0.8, 1.2)

    def _read_the_log(self, store: Store) -> None:
        began = time.time()
        self._look(store)
        for cursor in store.behind(self.reader):
            if not self.stopping.is_set() and self._may_try(cursor.account):
                self._tries_to_read_on(store, cursor)
        if self._away and not self.waiting:
            log.warning("%s hears what goes on again", self.reader)
        self._away = ""
        if not self.stopping.is_set():
            self.current(store, began)

    def _look(self, store: Store) -> None:
        """How far do the stories go that went on since the last look? Asked of all, now and then, the answer
        also shows which of those that we know is told no more: it never was, there."""
        if time.monotonic() >= self._whole_look_at:
            self._since, self._whole_look_at = None, time.monotonic() + WHOLE_LOOK_EVERY
        since = self._since and _earlier(self._since, self._overlap())
        untold = set() if since else store.begun(self.reader)
        clock = None
        for now, heads in self.source.heads(since):
            clock = clock or now
            store.note_heads(self.reader, heads)
            untold.difference_update(head.account for head in heads)
            for head in heads:
                known = store.cursor(self.reader, head.account)
                if known.sequence > head.sequence or (known.sequence == head.sequence and known.id != head.id):
                    self.forked(store, known)
        for account in untold:
            self.forked(store, store.cursor(self.reader, account))
        self._since = clock

    def _overlap(self) -> int:
        if time.monotonic() < self._long_look_at:
            return OVERLAP
        self._long_look_at = time.monotonic() + LONG_LOOK_EVERY
        return LONG_OVERLAP

    def _tries_to_read_on(self, store: Store, cursor: Cursor) -> None:
        """An account that cannot be read waits, and the others do not wait for it."""
        try:
            self._read_on(store, cursor)
        except Exception as error:
            self._put_off(cursor.account, "its story", error)
            if isinstance(error, Unreachable):
                raise  # perhaps none can be read now; the next look leaves this one out

    def _read_on(self, store: Store, cursor: Cursor) -> None:
        """Page by page, while the account goes on."""
        while not self.stopping.is_set():
            self._apply_next(store, self.source.events(cursor.account, cursor.sequence))
            moved = store.cursor(self.reader, cursor.account)
            if moved.sequence == cursor.sequence or moved.sequence >= moved.head:
                return
            cursor = moved

    def _listen(self, store: Store) -> None:
        """Apply what the broker brings, until it is time to look again."""
        until = time.monotonic() + self._pause()
        while not self.stopping.is_set() and (left := until - time.monotonic()) > 0:
            try:
                batch = [self.arriving.get(timeout=left)]
                while len(batch) < WAITING and not self.arriving.empty():
                    batch.append(self.arriving.get_nowait())
            except queue.Empty:
                return
            arrived = sorted((event for event in batch if event), key=_place)
            for _, events in groupby(arrived, key=lambda event: event.account):
                self._apply_next(store, list(events))
            if None in batch:
                return

    def _apply_next(self, store: Store, events: Sequence[Event]) -> None:
        """Of an account: pass over what is old, apply what is next, remember that there is more."""
        if not events or not self._may_try(events[0].account):
            return
        known = store.cursor(self.reader, events[0].account)
        following: list[Event] = []
        for event in events:
            before: Event | Cursor = following[-1] if following else known
            if event.sequence == before.sequence + 1:
                if before.sequence and event.previous != before.id:
                    self.forked(store, known)
                    return
                following.append(event)
            elif event.sequence > before.sequence:
                store.note_heads(self.reader, [Head(event.account, event.sequence, event.id)])
                break
        if following:
            self._apply(store, following)

    def _apply(self, store: Store, events: list[Event]) -> None:
        """One that fails waits, and its account with it; those before it are applied."""
        account = events[0].account
        try:
            self.apply(store, events)
            self.waiting.pop(account, None)
        except BaseException as error:  # also what a handler says to end its process: it is not this thread's
            if len(events) > 1:
                for event in events:
                    self._apply_next(store, [event])
                return
            self._put_off(account, events[0].type, error)

    def _put_off(self, account: str, what: str, error: BaseException) -> None:
        failures, _ = self.waiting.get(account, (0, 0.0))
        pause = PAUSES[min(failures, len(PAUSES) - 1)]
        self.waiting[account] = failures + 1, time.monotonic() + pause
        log.warning("%s of account %s fails, again in %s s", what, account, pause, exc_info=error)

    def _may_try(self, account: str) -> bool:
        return self.waiting.get(account, (0, 0.0))[1] <= time.monotonic()


def _place(event: Event) -> tuple[str, int]:
    return event.account, event.sequence


def _earlier(text: str, seconds: int) -> str:
    moment = datetime.fromtimestamp(instant(text) - seconds, timezone.utc)
    return moment.isoformat().replace("+00:00", "Z")
