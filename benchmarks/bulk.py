"""Licenses for 100,000 people with an event each, beside COPY of the same rows on the same PostgreSQL."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measuring import compare, seconds
from benchmarks.report import Line, Plot, Result
from entitlements import commands
from entitlements.models import Member
from kit import clock, db
from kit.settings import name_service
from local import postgres

TITLE = "Licenses for many people at once"
PEOPLE = 100_000
PLAN, SUBJECT = "eco", "assign_licenses"
FLOOR = "COPY of the same rows"
TABLES = ("assignments", "streams", "outbox")
FEATURES = '{"attachments.max_mb": 100, "retrieval": true, "devices.max": 3}'


def measure(people: int = PEOPLE) -> Result:
    with _database():
        account, members = _office(people)
        copied = _copies(account, members)

        def floor() -> float:
            _forget()
            return seconds(lambda: _copy(copied))

        def subject() -> float:
            _forget()
            took = seconds(lambda: commands.assign_licenses(account, PLAN, members))
            assert _counted() == (people, people, people)
            return took

        rounds = compare({FLOOR: floor, SUBJECT: subject}, floor=FLOOR)
    ratio, cost = rounds.ratio(SUBJECT), rounds.cost(SUBJECT)
    what = f"{people:,} licenses with events"
    return Result(
        [
            Line(f"{what} ÷ COPY", ratio, 4, 1.5, conclusive=rounds.conclusive),
            Line(what, cost, unit="s", conclusive=rounds.conclusive),
        ],
        [
            "COPY writes the same rows into the same tables, and one statement updates the licenses.",
            "Each in one transaction, on a server that waits for its disk.",
        ],
        [Plot("bulk", what, [(name, rounds.cost(name).middle) for name in (FLOOR, SUBJECT)], "s")],
    )


@contextmanager
def _database() -> Iterator[None]:
    """A server of its own."""
    server = postgres.Postgres(Path(tempfile.mkdtemp(prefix="seatwise-bulk-")), durable=True)
    url = server.start()
    try:
        name_service("entitlements")
        opened: Any = db.connect(url)
        db.migrate("entitlements")
        with opened.connection_context():
            yield
        opened.close_all()
    finally:
        server.stop()


def _office(people: int) -> tuple[str, list[str]]:
    """An account with that many members and as many free licenses."""
    account, members = clock.new_id(), [clock.new_id() for _ in range(people)]
    with db.atomic():
        run = db.database.execute_sql
        run(
            "INSERT INTO accounts (id, name, locale, time_zone, currency, address, opened_at)"
            " VALUES (%s, 'A', 'en', 'UTC', 'CAD', '{}', 1)",
            (account,),
        )
        run(
            "INSERT INTO plans (code, rank, family, version, status) VALUES (%s, 1, 'f', 1, 'published')",
            (PLAN,),
        )
        run(
            "INSERT INTO plan_versions (plan, version, name, install, features) VALUES (%s, 1, '{}', '{}', %s)",
            (PLAN, FEATURES),
        )
        run(
            "INSERT INTO pools (account, plan, interval, assigned, free, parked)"
            " VALUES (%s, %s, 'year', 0, %s, 0)",
            (account, PLAN, people),
        )
        same = {"account": account, "known_as": "p", "locale": "en", "roles": "[]", "state": "active"}
        columns = ("id", "email", "name", "sign_in_counter", "added_at", *same)
        named = ((one, f"p{n}@a.example", f"Person {n}", 0, 1) for n, one in enumerate(members))
        db.insert(Member, columns, ((*one, *same.values()) for one in named))
        run(
            "INSERT INTO licenses (id, account, plan, version, interval, state, order_id, line, seat,"
            " subscription_id, term_start, term_end)"
            " SELECT gen_random_uuid(), %s, %s, 1, 'year', 'free', %s, 1, seat, %s, '2026-11-22', '2027-11-22'"
            " FROM generate_series(1, %s) seat",
            (account, PLAN, clock.new_id(), clock.new_id(), people),
        )
    return account, members


def _copies(account: str, members: list[str]) -> dict[str, str]:
    """What the subject writes, as COPY takes it."""
    commands.assign_licenses(account, PLAN, members)
    return {table: _copied_out(table) for table in TABLES}


def _copied_out(table: str) -> str:
    out = io.StringIO()
    db.database.cursor().copy_expert(f"COPY {table} TO STDOUT", out)
    return out.getvalue()


def _copy(copied: dict[str, str]) -> None:
    with db.atomic():
        db.database.execute_sql("UPDATE pools SET free = 0, assigned = free")  # BEGIN goes out with it
        for table, rows in copied.items():
            db.database.cursor().copy_expert(f"COPY {table} FROM STDIN", io.StringIO(rows))
        db.database.execute_sql(
            "UPDATE licenses SET state = 'assigned' FROM assignments a WHERE a.license = licenses.id"
        )


def _forget() -> None:
    """Nobody holds a license, and nothing was told."""
    run = db.database.execute_sql
    with db.atomic():
        run("TRUNCATE assignments, devices, outbox, streams")
        run("UPDATE licenses SET state = 'free' WHERE state <> 'free'")
        run("UPDATE pools SET free = free + assigned, assigned = 0")
    for statement in ("VACUUM ANALYZE licenses", "CHECKPOINT"):
        run(statement)


def _counted() -> tuple[int, ...]:
    """Assignments, events, licenses that are held."""
    counts = (
        "SELECT count(*) FROM assignments",
        "SELECT count(*) FROM outbox",
        "SELECT count(*) FROM licenses WHERE state = 'assigned'",
    )
    return tuple(db.database.execute_sql(count).fetchone()[0] for count in counts)
