"""A producer and a consumer in one process: the kit's own code on two databases, and a clock that stands."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import httpx
import peewee

from kit import auth, catchup, clock, consumer, cursors, db, lease, outbox, relay, rewind, web
from kit.settings import Settings, name_service, service_name
from local.keys import write as write_keys
from schedules.broker import Inbox

PRODUCER, CONSUMER = "producer", "consumer"
GRANT = "events:read"
ALL = 1000  # more than stands unsent in any schedule
PATIENT = 10**6  # seconds; no schedule dies so often that an event is given up


class Crash(BaseException):
    """The death of a process: no `except Exception` of the code under test sees it."""


def _die_at(chosen: str | None, name: str) -> None:
    """What the kit calls where it may die."""
    if name == chosen:
        raise Crash


class Effect(db.Table):
    """What the consumer did because of an event; a row goes only when its event was undone."""

    id = peewee.BigAutoField()
    subject = peewee.TextField()
    number = peewee.BigIntegerField()

    class Meta:
        table_name = "numbered_effects"


class Now:
    """The time, for instants and for durations; it passes when a schedule says so."""

    def __init__(self) -> None:
        self.instant = clock.now()

    def passes(self, seconds: float) -> None:
        self.instant += int(seconds * clock.SECOND)

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        seconds = SimpleNamespace(monotonic=lambda: self.instant / clock.SECOND)
        now = mock.patch.object(clock, "now", side_effect=lambda: self.instant)
        with now, mock.patch.object(catchup, "time", seconds):
            yield


class Database:
    """A service's database file; `connections` of them are open at once, as of several processes."""

    def __init__(self, path: Path, service: str, connections: int = 1):
        self.service = service
        db.connect(f"sqlite:///{path}")
        db.migrate("sample")
        self.opened: list[Any] = [_opened(path) for _ in range(connections)]
        with self.speaking():
            db.database.create_tables([Effect])
        self.empty = self.copy()

    @contextmanager
    def speaking(self, connection: int = 0) -> Iterator[None]:
        """From here on the kit works for this service through that connection."""
        before, service = db.database.obj, service_name()
        db.database.initialize(self.opened[connection])
        name_service(self.service)
        try:
            yield
        finally:
            db.database.initialize(before)
            name_service(service)

    def copy(self) -> sqlite3.Connection:
        """A backup of this moment."""
        made = sqlite3.connect(":memory:")
        self.opened[0].connection().backup(made)
        return made

    def restore(self, backup: sqlite3.Connection) -> None:
        backup.backup(self.opened[0].connection())


def _opened(path: Path) -> peewee.Database:
    opened: Any = db.connect(f"sqlite:///{path}")
    opened.connect()
    opened.execute_sql("PRAGMA synchronous = off")  # processes die here, machines do not
    opened.execute_sql("PRAGMA busy_timeout = 0")  # who holds the lock does not go on while we wait
    opened.connection().create_function("random", 0, lambda: 0)  # a schedule always takes the same course
    return opened


class Told(NamedTuple):
    """One committed event as the test knows it; `before` is the number of the one before."""

    number: int
    before: int | None


class Producer:
    """Commits events, relays them and serves its log; `histories` is what it truly said."""

    def __init__(self, database: Database):
        self.database = database
        self.database.restore(database.empty)
        self.histories: dict[str, list[int]] = {}
        self.uncommitted: list[tuple[str, int]] = []
        self.count = 0
        self.transaction = ExitStack()
        self.backup: tuple[sqlite3.Connection, dict[str, list[int]]] | None = None

    @property
    def busy(self) -> bool:
        return bool(self.uncommitted)

    def begins(self, subjects: list[str]) -> None:
        """Open a transaction that tells of each of the subjects."""
        with self.database.speaking(1):
            self.transaction.enter_context(db.atomic())
            for subject in subjects:
                self.count += 1
                self.uncommitted.append((subject, self.count))
                outbox.add(outbox.Event("thing.done", subject, {"number": self.count}))

    def ends(self, commits: bool) -> list[tuple[str, Told]]:
        """Commit or roll back; returns what is told by now and was not before."""
        told = []
        with self.database.speaking(1):
            if not commits:
                self.transaction.__exit__(Crash, Crash(), None)
                self.transaction = ExitStack()
            self.transaction.close()
        for subject, number in self.uncommitted if commits else ():
            history = self.histories.setdefault(subject, [])
            told.append((subject, Told(number, history[-1] if history else None)))
            history.append(number)
        self.uncommitted = []
        return told

    def relays(self, inbox: Inbox, steps: int) -> None:
        """What stands unsent goes to the broker and is marked, if the process lives for so many steps."""
        with self.database.speaking():
            try:
                window = relay.unsent(ALL)
                for event in window[:steps]:
                    inbox.publish(event.envelope.encode())
                if window and steps > len(window) and lease.take():
                    relay.mark_sent(window)
            except peewee.OperationalError:
                assert self.busy, "only the open transaction may hold the lock"

    def backs_up(self) -> None:
        self.backup = self.database.copy(), {subject: [*told] for subject, told in self.histories.items()}

    def is_restored(self) -> None:
        """Back to the moment of the backup; from here on another history may be told."""
        assert self.backup is not None
        copy, histories = self.backup
        self.database.restore(copy)
        self.histories = {subject: [*told] for subject, told in histories.items()}


class Log:
    """The producer's log over HTTP, as the kit serves it; `answers` requests from here on are answered."""

    def __init__(self, database: Database, keys: Path):
        self.database, self.answers = database, ALL
        trust = write_keys(
            {PRODUCER: {"with_account": [], "without_account": [GRANT], "audiences": [PRODUCER]}}, keys
        )
        self.token = auth.Signer(keys / f"{PRODUCER}.json").token(
            CONSUMER, {GRANT}, aud=PRODUCER, lasts=24 * 3600
        )
        unset: dict[str, Any] = dict.fromkeys(Settings._fields)
        settings = Settings(**unset | {"name": PRODUCER, "trust_dir": str(trust), "trusted_proxies": 0})
        self.app = web.create_app(settings, "Producer", [])
        self.transport = httpx.WSGITransport(self)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        self.answers -= 1
        if self.answers < 0:
            raise httpx.ConnectError("the source is down")
        with self.database.speaking():
            return list(self.app(environ, start_response))


class Position(NamedTuple):
    sequence: int
    attempts: int
    stopped: str | None


class Consumer:
    """Takes from the queue and reads the log; `patience` is how many more effects it lives to see."""

    def __init__(self, database: Database, log: Log):
        self.database, self.log = database, log
        self.database.restore(database.empty)
        self.starts()

    def starts(self) -> None:
        """A new process: what was only in memory is forgotten."""
        self.patience = ALL
        handlers: Mapping[str, Any] = {PRODUCER: {"*": cursors.Handler(None, self._handle)}}
        self.catch_up = catchup.CatchUp({}, cursors.Reader(handlers, PATIENT), lambda _: self.log.token)
        self.catch_up.clients[PRODUCER] = httpx.Client(base_url="http://log", transport=self.log.transport)

    def _handle(self, event: cursors.Arrived, data: dict[str, Any]) -> None:
        self.patience -= 1
        if self.patience < 0:
            raise Crash
        Effect.create(subject=event.subject, number=data["number"])

    def takes(self, inbox: Inbox, most: int, dies: str | None = None, patience: int = ALL) -> None:
        """A batch from the queue; `dies` names a failpoint of the kit at which the process ends."""
        self.patience = patience
        passed = partial(_die_at, dies)
        patched = [mock.patch.object(module, "failpoint", passed) for module in (consumer, cursors)]
        with self.database.speaking(), patched[0], patched[1]:
            batch = inbox.deliver(most)
            try:
                if batch:
                    consumer._take(inbox.channel, self.catch_up.reader, batch)
            except Crash:
                self.starts()
            finally:
                inbox.requeue()

    def catches_up(self, answers: int = ALL, patience: int = ALL) -> None:
        """One look at the log; its source goes down after so many answers, or we do after so many effects."""
        self.log.answers, self.patience = answers, patience
        with self.database.speaking():
            try:
                self.catch_up.look()
            except Crash:
                self.starts()

    def goes_back(self, restored_at: int) -> None:
        """What an operator does after a restore of the producer."""
        self.log.answers = ALL
        with self.database.speaking():
            list(rewind.rewind(self.catch_up, PRODUCER, restored_at, self._undo))

    def _undo(self, _source: str, subject: str, sequence: int) -> list[str]:
        """Effects that came of what is told no longer are taken back."""
        made = Effect.select(Effect.id).where(Effect.subject == subject).order_by(Effect.id)
        gone = [effect.id for effect in made][sequence:]
        Effect.delete().where(Effect.id.in_(gone)).execute()
        return []

    def effects(self) -> dict[str, list[int]]:
        """The numbers of the events that took effect, of each subject, in the order of their effects."""
        found: dict[str, list[int]] = {}
        with self.database.speaking():
            for effect in Effect.select().order_by(Effect.id):
                found.setdefault(effect.subject, []).append(effect.number)
        return found

    def cursors(self) -> dict[str, Position]:
        """How far each stream is read."""
        with self.database.speaking():
            return {
                one.subject: Position(one.sequence, one.attempts, one.stopped)
                for one in cursors.Cursor.select()
            }
