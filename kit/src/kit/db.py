"""One database per service: connection, transactions, fields and migrations (peewee).

SQLite: WAL, IMMEDIATE transactions, synchronous FULL, foreign keys. PostgreSQL: psycopg2.
"""

import fcntl
import logging
import re
import select
import time
import uuid
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import resources
from itertools import chain, count, islice
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, cast
from weakref import WeakKeyDictionary

import peewee
from playhouse import db_url, pool
from playhouse.migrations import Runner

from kit import clock

database = peewee.DatabaseProxy()

LONGEST_TRANSACTION = 60  # seconds; catch-up overlaps its looks by more than this
ROWS_AT_ONCE = 500  # SQLite takes 32,766 values in a statement; PostgreSQL reads longer ones no quicker
MIGRATION_LOCK = 7_021_202_611
POOL = {"max_connections": 32, "timeout": 10, "autoconnect": False}
# A bitmap scan, which PostgreSQL takes without statistics, reads what is gone of an index again and again until
# the next vacuum: what was unsent, who was behind. An index scan remembers.
PLANNER = "-c enable_bitmapscan=off"
QUOTED = {"unquote_user": True, "unquote_password": True}
SQLITE = {
    "check_same_thread": False,  # a pooled connection serves one thread at a time, not always the same
    "lock_type": "IMMEDIATE",
    "pragmas": {"journal_mode": "wal", "synchronous": "full", "foreign_keys": 1, "busy_timeout": 30_000},
}
OPTIONS: dict[str, dict[str, Any]] = {"postgresql": {}, "postgres": {}, "sqlite": SQLITE}


class TransactionTooOld(Exception):
    """The transaction lived longer than a reader's look-back, so its events could be overlooked."""


def _plural(model: type) -> str:
    return f"{peewee.make_snake_case(model.__name__)}s"  # type: ignore[attr-defined]


class _Pool(pool.PooledPostgresqlDatabase):
    """Talks less: a message and its answer cost as much as a small query. BEGIN goes out with the first
    statement, and that a connection ended while it rested shows at its socket: there is something to read
    though nothing was asked."""

    def init(self, database: str, *, options: str = "", **params: Any) -> None:
        self._prepared: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
        super().init(database, options=f"{PLANNER} {options}", **params)

    def begin(self, isolation_level: str | None = None) -> None:
        self._state.begin = f"BEGIN ISOLATION LEVEL {isolation_level}; " if isolation_level else "BEGIN; "

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        return super().execute_sql(self._unsaid() + sql, params)

    def commit(self) -> None:
        if not self._unsaid():
            super().commit()

    def rollback(self) -> None:
        if not self._unsaid():
            super().rollback()

    def often(self, sql: str, params: Sequence[Any]) -> Any:
        known = self._prepared.setdefault(self.connection(), {})
        if sql not in known:
            name, numbers = f"often_{len(known)}", count(1)
            self.execute_sql(f"PREPARE {name} AS {re.sub('%s', lambda _: f'${next(numbers)}', sql)}")
            places = ", ".join(["%s"] * sql.count("%s"))
            known[sql] = f"EXECUTE {name} ({places})" if places else f"EXECUTE {name}"
        return self.execute_sql(known[sql], params)

    def _unsaid(self) -> str:
        """BEGIN, once, when no statement has followed it yet."""
        begin, self._state.begin = getattr(self._state, "begin", ""), ""
        return begin

    def _is_closed(self, connection: Any) -> bool:
        return bool(connection.closed or has_news(connection.fileno()))


def often(sql: str, params: Sequence[Any]) -> Any:
    """Execute a statement that runs all day: PostgreSQL reads it and chooses its way once for each connection,
    as SQLite does with every statement. PostgreSQL must be able to tell the types of its parameters from where
    they stand."""
    return database.obj.often(sql, params) if is_postgres() else database.execute_sql(sql, params)


def has_news(socket: int) -> bool:
    """Whether there is something to read at that descriptor, be it that the other side has closed it."""
    looks = select.poll()
    looks.register(socket, select.POLLIN)
    return bool(looks.poll(0))


db_url.register_database(_Pool, "postgresql+pool", "postgres+pool")


class Table(peewee.Model):
    """A table of the service's own database."""

    class Meta:
        database = database
        legacy_table_names = False
        table_function = _plural


class Instant(peewee.BigIntegerField):
    """Microseconds since 1970, UTC: the same on both databases, ordered, no session time zone."""


class Id(peewee.UUIDField):
    """A UUID that Python sees as text, as JSON and tokens do.

    ValueError for any other text: SQLite would store it, and no later reading of the row would succeed.
    """

    def db_value(self, value: Any) -> Any:
        return uuid.UUID(value).hex if isinstance(value, str) else super().db_value(value)

    def python_value(self, value: Any) -> Any:
        value = super().python_value(value)
        return None if value is None else str(value)


def connect(url: str) -> peewee.Database:
    """Bind every table of this process to the database at `url` (sqlite:///file, postgresql://…)."""
    scheme, _, place = url.partition("://")
    if scheme not in OPTIONS:
        raise ValueError("DATABASE_URL must begin with sqlite:/// or postgresql://")
    opened: Any = db_url.connect(f"{scheme}+pool://{place}", **QUOTED, **POOL, **OPTIONS[scheme])
    opened.turns = Lock(), Lock()
    if scheme == "sqlite":  # a full disk has ended the transaction by itself: that it is full is the error
        roll_back = opened.rollback
        opened.rollback = lambda: opened.connection().in_transaction and roll_back()
    database.initialize(opened)
    return cast(peewee.Database, opened)


def is_postgres() -> bool:
    return isinstance(database.obj, peewee.PostgresqlDatabase)


@contextmanager
def atomic() -> Iterator[None]:
    """One transaction (a savepoint inside another); refused at commit once older than 60 s."""
    outermost = not database.in_transaction()
    with _turn() if outermost and not is_postgres() else nullcontext():
        began = time.monotonic()
        with database.atomic():
            yield
            if outermost and time.monotonic() - began > LONGEST_TRANSACTION:
                raise TransactionTooOld(f"a transaction took more than {LONGEST_TRANSACTION} s")


def alone() -> Any:
    """A transaction of one statement, which PostgreSQL makes of each by itself."""
    return nullcontext() if is_postgres() else atomic()


@contextmanager
def _turn() -> Iterator[None]:
    """SQLite has one writer and serves whoever asks at the right moment, so within a process they queue:
    whoever comes next holds the door, and nobody is overtaken more than once."""
    door, room = database.obj.turns
    with door:
        room.acquire()
    try:
        yield
    finally:
        room.release()


def snapshot() -> Any:
    """A transaction that reads everything as it was at one moment, and keeps no writer waiting."""
    return database.atomic("REPEATABLE READ" if is_postgres() else "DEFERRED")


def locked(query: Any, *, skip_taken: bool = False) -> Any:
    """The same rows, locked until commit; on request without those that somebody else has locked. FOR UPDATE
    would deadlock with children's foreign keys; SQLite's IMMEDIATE transactions already exclude each other."""
    if not is_postgres():
        return query
    return query.for_update("FOR NO KEY UPDATE SKIP LOCKED" if skip_taken else "FOR NO KEY UPDATE")


def now() -> int:
    """The database's clock: the one clock that all processes of a service share."""
    if is_postgres():
        seconds = "SELECT extract(epoch FROM clock_timestamp())"
        return int(database.execute_sql(seconds).fetchone()[0] * clock.SECOND)
    return clock.now()


class Given(NamedTuple):
    """The place of a value in a statement: its name, and how the database keeps it."""

    name: str
    kept: Callable[[Any], Any]


def given(field: Any, name: str = "") -> peewee.Value:
    """A value of that field, which each call of the statement brings by the field's name or another."""
    return peewee.AsIs(Given(name or field.name, field.db_value), converter=False)


class Statement:
    """A query that is built once, for those that run all day: to build one takes peewee ten times as long as
    the rest of it. A function that makes the query is given where the two databases need different ones. Called
    with the values of what is given(): the rows of a select or of RETURNING, else how many changed."""

    def __init__(self, query: Any):
        self.query = query
        self.built: dict[bool, tuple[str, list[Any], list[Callable[[Any], Any]], Any]] = {}

    def __call__(self, **values: Any) -> Any:
        if is_postgres() not in self.built:
            self.built[is_postgres()] = self._build()
        text, places, reads, row = self.built[is_postgres()]
        filled = [p.kept(values[p.name]) if isinstance(p, Given) else p for p in places]
        cursor = often(text, filled)
        if not reads:
            return cursor.rowcount
        return [row._make(read(value) for read, value in zip(reads, found, strict=True)) for found in cursor]

    def _build(self) -> tuple[str, list[Any], list[Callable[[Any], Any]], Any]:
        query = self.query() if callable(self.query) else self.query
        fields = query.selected_columns if isinstance(query, peewee.Select) else query._returning or ()
        reads = [field.unwrap().python_value for field in fields]
        return *query.sql(), reads, namedtuple("Row", [field.name for field in fields])


def bare(identifier: str) -> str:
    """A UUID as SQLite stores it; PostgreSQL takes either spelling."""
    return identifier.replace("-", "")


def insert(
    table: type[Table], columns: Sequence[str], rows: Iterable[Sequence[Any]], on_conflict: str = ""
) -> None:
    """Many rows in few statements, of values as the database keeps them; peewee takes five times as long."""
    head = f"INSERT INTO {table._meta.table_name} ({', '.join(columns)}) VALUES "
    row = f"({', '.join([database.param] * len(columns))})"
    remaining = iter(rows)
    while some := list(islice(remaining, ROWS_AT_ONCE)):
        run = often if len(some) == 1 else database.execute_sql
        run(f"{head}{', '.join([row] * len(some))} {on_conflict}", [*chain(*some)])


def changed_one(query: peewee.Query) -> bool:
    """Run an INSERT … ON CONFLICT DO NOTHING or an UPDATE; True when exactly one row changed."""
    counted = query.as_rowcount() if isinstance(query, peewee.Insert) else query
    return bool(counted.execute() == 1)


def _runners(package: str) -> list[Runner]:
    def runner(owner: str, history: str) -> Runner:
        directory = str(resources.files(owner.replace("-", "_")).joinpath("migrations"))
        return Runner(database.obj, directory, table_name=history)

    return [runner("kit", "kit_migrations"), runner(package, "migrations")]


def migrate(package: str) -> list[str]:
    """Apply the kit's and the service's pending migrations; safe when started several times at once."""
    logging.getLogger("peewee.migrations").setLevel(logging.WARNING)
    with _one_at_a_time():
        return [name for runner in _runners(package) for name in runner.up()]


def pending_migrations(package: str) -> list[str]:
    owned = zip(("kit", package), _runners(package), strict=True)
    return [f"{owner} {m.name}" for owner, runner in owned for m in runner.status() if not m.applied]


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """peewee's runner has no lock: of three started at once one wins and two fail."""
    if is_postgres():
        with database.connection_context():
            database.execute_sql("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
            try:
                yield
            finally:
                database.execute_sql("SELECT pg_advisory_unlock(%s)", (MIGRATION_LOCK,))
        return
    with Path(f"{database.obj.database}.lock").open("w") as file, database.connection_context():
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
