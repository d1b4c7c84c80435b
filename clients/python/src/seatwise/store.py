"""The file that outlives the process: who holds what, and how far each reader has come in each account.

SQLite, one file for one process. A thread has a store of its own on the same file, opened before it starts.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from seatwise.answers import Grant
from seatwise.events import Event
from seatwise.source import Head

try:
    import fcntl
except ImportError:  # on Windows nobody looks after the file
    fcntl = None  # type: ignore[assignment]

FORMAT = 1  # of the file; another one is read anew from the services
TABLES = """
CREATE TABLE IF NOT EXISTS grants (
  id INTEGER PRIMARY KEY, plan TEXT, rank INTEGER, status TEXT, features TEXT,
  UNIQUE (plan, rank, status, features)
);
CREATE TABLE IF NOT EXISTS holders (
  account TEXT, member TEXT, plan TEXT, grant_id INTEGER, PRIMARY KEY (account, member, plan)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (
  reader TEXT, account TEXT, sequence INTEGER, id TEXT, at REAL, head INTEGER,
  PRIMARY KEY (reader, account)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cursors_behind ON cursors (reader, account) WHERE sequence < head;
CREATE TABLE IF NOT EXISTS late (account TEXT PRIMARY KEY, as_of REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);
"""
AS_OF = "as of"  # a fact: when all of the file was last known to be so, but for the accounts that are late


def lock(path: str | Path | None) -> IO[str] | None:
    """The file is this process's until it is given back to `unlock`; RuntimeError when it is another's."""
    if path is None or fcntl is None:
        return None
    held = Path(f"{path}.lock").open("w")  # noqa: SIM115  until the process ends
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise RuntimeError(
            f"{path} is in use by another client: give each process a file of its own, and one of them handlers"
        ) from error
    return held


def unlock(held: IO[str] | None) -> None:
    """Others may have the file; a child that this process made keeps nothing of it."""
    if held:
        fcntl.flock(held, fcntl.LOCK_UN)
        held.close()


class Cursor(NamedTuple):
    """How far a reader has come in an account: the number, id and time of the last event that it applied."""

    account: str
    sequence: int = 0
    id: str | None = None
    at: float = 0.0
    head: int = 0


class Store:
    """`path`: the file; None keeps all of it in memory, for as long as the process lives.

    sqlite3.OperationalError when the file cannot be used now (it is busy, the disk is full); any other
    sqlite3.DatabaseError when it never can be again.
    """

    def __init__(self, path: str | Path | None):
        self.path = path
        self.connection = sqlite3.connect(
            path or ":memory:", timeout=30, isolation_level=None, check_same_thread=False
        )
        self.connection.execute("PRAGMA journal_mode = wal")
        self.connection.execute("PRAGMA synchronous = normal")  # what a power failure takes is read again
        [(written,)] = self.connection.execute("PRAGMA user_version").fetchall()
        if written not in (0, FORMAT):
            raise sqlite3.DatabaseError(f"a file of format {written}, not {FORMAT}")
        self.connection.executescript(TABLES)
        self.connection.execute(f"PRAGMA user_version = {FORMAT}")

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    # Facts and cursors. -------------------------------------------------------------------------

    def fact(self, name: str) -> str | None:
        row = self.connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return row and str(row[0])

    def note(self, name: str, value: object) -> None:
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, str(value)))

    def late(self) -> dict[str, float]:
        """The accounts that are known no further than to that instant."""
        return dict(self.connection.execute("SELECT account, as_of FROM late").fetchall())

    def note_current(self, instant: float, late: Mapping[str, float]) -> None:
        """All of it was so at that instant, but for what is late."""
        with self.transaction():
            self.note(AS_OF, instant)
            self.connection.execute("DELETE FROM late")
            self.connection.executemany("INSERT INTO late VALUES (?, ?)", late.items())

    def cursor(self, reader: str, account: str) -> Cursor:
        row = self.connection.execute(
            "SELECT account, sequence, id, at, head FROM cursors WHERE reader = ? AND account = ?",
            (reader, account),
        ).fetchone()
        return Cursor(*row) if row else Cursor(account)

    def place(self, reader: str, cursor: Cursor) -> None:
        row = (reader, *cursor._replace(head=max(cursor.head, cursor.sequence)))
        self.connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?, ?, ?)", row)

    def step(self, reader: str, event: Event) -> None:
        """The event is applied; part of the transaction of its effect."""
        known = self.cursor(reader, event.account)
        self.place(reader, Cursor(event.account, event.sequence, event.id, event.time, known.head))

    def note_heads(self, reader: str, heads: Iterable[Head]) -> None:
        """Remember how far the stories go."""
        with self.transaction():
            self.connection.executemany(
                "INSERT INTO cursors VALUES (?, ?, 0, NULL, 0, ?)"
                " ON CONFLICT DO UPDATE SET head = excluded.head WHERE head < excluded.head",
                [(reader, head.account, head.sequence) for head in heads],
            )

    def begun(self, reader: str) -> set[str]:
        """The accounts of which the reader knows something."""
        found = self.connection.execute(
            "SELECT account FROM cursors WHERE reader = ? AND sequence > 0", (reader,)
        )
        return {account for (account,) in found}

    def behind(self, reader: str) -> list[Cursor]:
        """The accounts in which the reader misses something."""
        found = self.connection.execute(
            "SELECT account, sequence, id, at, head FROM cursors WHERE reader = ? AND sequence < head",
            (reader,),
        )
        return [Cursor(*row) for row in found]

    # Holders. -----------------------------------------------------------------------------------

    def grant_id(self, grant: Grant) -> int:
        """The same for all who are granted the same."""
        row = (grant.plan, grant.rank, grant.status, json.dumps(grant.features, sort_keys=True))
        self.connection.execute(
            "INSERT OR IGNORE INTO grants (plan, rank, status, features) VALUES (?, ?, ?, ?)", row
        )
        found = self.connection.execute(
            "SELECT id FROM grants WHERE plan = ? AND rank = ? AND status = ? AND features = ?", row
        )
        return int(found.fetchone()[0])

    def grants(self) -> dict[int, Grant]:
        rows = self.connection.execute("SELECT id, plan, rank, status, features FROM grants")
        return {
            id_: Grant(plan, rank, status, json.loads(features)) for id_, plan, rank, status, features in rows
        }

    def hold(self, account: str, members: Iterable[str], plan: str, grant_id: int) -> None:
        self.connection.executemany(
            "INSERT OR REPLACE INTO holders VALUES (?, ?, ?, ?)",
            [(account, member, plan, grant_id) for member in members],
        )

    def drop(self, account: str, member: str, plan: str) -> None:
        self.connection.execute(
            "DELETE FROM holders WHERE account = ? AND member = ? AND plan = ?", (account, member, plan)
        )

    def held_by(self, account: str, member: str) -> tuple[int, ...]:
        """The grants of a member."""
        rows = self.connection.execute(
            "SELECT grant_id FROM holders WHERE account = ? AND member = ? ORDER BY grant_id", (account, member)
        )
        return tuple(grant_id for (grant_id,) in rows)

    def members_of(self, account: str) -> list[str]:
        rows = self.connection.execute("SELECT DISTINCT member FROM holders WHERE account = ?", (account,))
        return [member for (member,) in rows]

    def forget(self, reader: str, account: str) -> None:
        self.connection.execute("DELETE FROM holders WHERE account = ?", (account,))
        self.connection.execute("DELETE FROM cursors WHERE reader = ? AND account = ?", (reader, account))

    def forget_all(self, reader: str) -> None:
        """Who holds what, and where the reader stood; other readers stay where they are."""
        for table in ("holders", "grants", "late", "facts"):
            self.connection.execute(f"DELETE FROM {table}")
        self.connection.execute("DELETE FROM cursors WHERE reader = ?", (reader,))

    def holders(self) -> Iterator[tuple[str, str, int]]:
        """(account, member, grant), all of them, in order."""
        yield from self.connection.execute(
            "SELECT account, member, grant_id FROM holders ORDER BY account, member, plan"
        )
