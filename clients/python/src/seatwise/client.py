"""The client: answers at once, from what it knows; what it knows is kept up by threads of its own."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

from seatwise import handlers, replica
from seatwise.answers import SUSPENDED, Answer, License, Stale, exceeds
from seatwise.broker import Broker, broker_address
from seatwise.events import TYPES, Event
from seatwise.follower import Follower
from seatwise.handlers import Handlers
from seatwise.replica import Replica
from seatwise.source import Source, Token
from seatwise.store import AS_OF, Cursor, Store, lock, unlock

log = logging.getLogger("seatwise")
F = TypeVar("F", bound=Callable[[Event], object])


class Client:
    """May this person do this? Says so without asking anybody.

    `url` of entitlements; `token`: one, or a function that gives one (`signed_by`), with the scopes
    entitlements:read and events:read. `file` keeps what is known for the next start: one for each process.
    `broker`: an amqp:// address, or None ("none") to read the log every `look_every` seconds; `name`: its user
    there. `stale`: feature → what to say when nothing was heard for too long (`fail_open`, `fail_closed`); "*"
    for all others. Without a word of it, what was known last counts.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        file: str | Path | None = None,
        broker: str | None = None,
        name: str = "product",
        stale: Mapping[str, Stale] | None = None,
        look_every: float = 3,
    ):
        self._source = Source(url, token)
        self._file, self._broker_url, self._name = file, broker_address(broker), name
        self._stale = dict(stale or {})
        for feature, one in self._stale.items():
            if not isinstance(one, Stale):
                raise ValueError(f"stale[{feature!r}] must be fail_open(after=…) or fail_closed(after=…)")
        self._look_every = look_every
        self._replica = Replica()
        self._handlers = Handlers()
        self._lock: IO[str] | None = None
        self.followers: list[Follower] = []
        self._threads: list[Follower | Broker] = []

    # Answers. -----------------------------------------------------------------------------------

    def allows(self, member: str, feature: str, amount: int | None = None) -> Answer:
        """May the member use the feature, and so much of it? Never raises, never waits."""
        try:
            try:
                answer = self._replica.held[member].answers[feature]
            except KeyError:
                answer = self._without(member)
            limit = self._stale and (self._stale.get(feature) or self._stale.get("*"))
            if limit and abs(answer.age) > limit.after:  # later than now: a clock was ahead, nothing is known
                return Answer(limit.allowed, "stale", None, answer.as_of)
            if amount is not None and answer.allowed and exceeds(amount, answer.value):
                return Answer(False, "limit-exceeded", answer.value, answer.as_of)
            return answer
        except Exception:
            log.exception("a question that cannot be answered")
            return Answer(False, "unknown", None, self._replica.as_of)

    def value(self, member: str, feature: str, default: Any = None) -> Any:
        """The limit, choice or flag of the member's plan; `default` for whoever may not use the feature."""
        answer = self.allows(member, feature)
        return answer.value if answer and answer.value is not None else default

    def license_of(self, member: str) -> License | None:
        """The highest plan that the member holds."""
        try:
            held = self._replica.held[member].license
        except (KeyError, TypeError):
            return None
        return held._replace(features=dict(held.features))  # it is the caller's, to change as well

    def held(self) -> dict[str, list[str]]:
        """Everybody who holds something: member → plans, lowest first."""
        return {member: [*holding.plans] for member, holding in self._replica.held.copy().items()}

    @property
    def age(self) -> float:
        """Seconds since all of what is known here, of every account, was last known to be so."""
        return time.time() - min(self._replica.late.values(), default=self._replica.as_of)

    def _without(self, member: str) -> Answer:
        """Nobody of that id holds anything, or nothing with that feature."""
        if not isinstance(member, str):
            raise TypeError(f"a member is named by an id, a str, and not by {member!r}")
        if held := self._replica.held.get(member):
            suspended = held.license.status == SUSPENDED
            return Answer(False, SUSPENDED if suspended else "feature-not-in-plan", None, held.as_of)
        as_of = self._replica.as_of
        return Answer(False, "no-license" if as_of else "unknown", None, as_of)

    # Events. ------------------------------------------------------------------------------------

    def on(self, *types: str) -> Callable[[F], F]:
        """@client.on("license.assigned", "license.unassigned"): call the function for each such event, of each
        account in order, from the first event on; "*" is every type. One that raises is called again, later.

        Before the client starts. All share one cursor: one that is added later hears what comes from then on.
        """
        if self.followers:
            raise RuntimeError("handlers are named before the client starts")
        for unknown in {*types} - TYPES - {"*"}:
            log.warning("no event is of type %s, as far as this release knows: is it spelled so?", unknown)

        def remember(function: F) -> F:
            for type_ in types:
                self._handlers.functions[type_].append(function)
            return function

        return remember

    # Running. -----------------------------------------------------------------------------------

    def start(self) -> "Client":
        """Answer from the file at once, and follow the services from now on. After a fork, not before it.

        RuntimeError when the file is another client's, sqlite3.OperationalError when it cannot be used now.
        """
        self._lock = lock(self._file)
        try:
            self.followers = [self._follow_as_replica()]
            if self._handlers.functions:
                self.followers.append(self._follow_as_handlers())
        except BaseException:
            self._give_back_file()
            raise
        self._threads = [*self.followers]
        if self._broker_url:
            self._threads.append(Broker(self._broker_url, self._name, self.followers))
        for thread in self._threads:
            thread.start()
        return self

    def stop(self, seconds: float = 15) -> None:
        """The file keeps what is known. A handler at work is waited for, so long at most; until it has ended
        the file stays this client's."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.stop()
        for thread in self._threads:
            if thread is not threading.current_thread():  # a handler may stop its client
                thread.join(max(0.0, deadline - time.monotonic()))
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if self._threads:
            log.warning("still at work: %s", ", ".join(thread.name for thread in self._threads))
        else:
            self._give_back_file()

    def _give_back_file(self) -> None:
        unlock(self._lock)
        self._lock, self.followers = None, []

    def __enter__(self) -> "Client":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self, seconds: float = 30) -> bool:
        """Until something is known; False when nothing is by then. Answers never wait for it."""
        deadline = time.monotonic() + seconds
        while not self._replica.as_of and time.monotonic() < deadline:
            time.sleep(0.01)
        return bool(self._replica.as_of)

    def _follow_as_replica(self) -> Follower:
        return Follower(
            replica.READER,
            self._source,
            self._open_store(),
            self._replica.apply,
            begin=self._take_snapshot,
            current=self._replica.renew,
            forked=self._take_account_anew,
            look_every=self._look_every,
        )

    def _follow_as_handlers(self) -> Follower:
        return Follower(
            handlers.READER,
            self._source,
            Store(self._file),
            self._handlers.apply,
            forked=self._handlers.go_back(self._source),
            look_every=self._look_every,
        )

    def _open_store(self) -> Store:
        """A file that is damaged is put aside: everything in it can be read again from the services."""
        try:
            return self._load()
        except sqlite3.OperationalError:
            raise  # it is not the file's fault
        except sqlite3.DatabaseError as error:
            log.warning("%s cannot be read and is put aside: %s", self._file, error)
            for end in ("", "-wal", "-shm"):
                found = Path(f"{self._file}{end}")
                if found.exists():
                    found.replace(f"{found}.broken")
            return self._load()

    def _load(self) -> Store:
        store = Store(self._file)
        try:
            if as_of := store.fact(AS_OF):
                self._replica.load(store, float(as_of))
        except BaseException:
            store.close()
            raise
        return store

    def _take_snapshot(self, store: Store) -> None:
        """Once for each file."""
        if store.fact(AS_OF):
            return
        began = time.time()
        self._replica.begin(store)
        for page in self._source.snapshot():
            self._replica.take(store, page)
        self._replica.renew(store, began)

    def _take_account_anew(self, store: Store, cursor: Cursor) -> None:
        log.warning("account %s tells another story than before: it is read anew", cursor.account)
        pages = list(self._source.snapshot(cursor.account))  # all of them, before what was known is forgotten
        self._replica.take_anew(store, cursor.account, pages)
