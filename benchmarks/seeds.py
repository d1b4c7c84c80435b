"""Many licenses, each in somebody's hands, in a database that the real migrations made: by set-based SQL."""

import json
import uuid
from importlib import resources
from typing import Any

from entitlements.models import Plan, PlanVersion
from kit import db

PER_ACCOUNT = 1_000
PLANS: list[dict[str, Any]] = json.loads(resources.files("catalog").joinpath("data/plans.json").read_text())
FAMILY = "secure-messages"
ACCOUNT, MEMBER, LICENSE, ASSIGNMENT, ORDER = range(1, 6)

_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {count})"
_ACCOUNTS = """
INSERT INTO accounts (id, name, locale, time_zone, currency, address, opened_at)
{numbers} SELECT {account}, 'Acme ' || n, 'en', 'America/Toronto', 'CAD', '{{}}', 0 FROM numbers
"""
_MEMBERS = """
INSERT INTO members (id, account, email, name, known_as, locale, roles, state, sign_in_counter, added_at)
{numbers} SELECT {member}, {account}, 'p' || n || '@acme.example', 'Person ' || n,
    'person ' || n || ' p' || n || '@acme.example', 'en', '["member"]', 'active', 0, 0 FROM numbers
"""
_LICENSES = """
INSERT INTO licenses (id, account, plan, version, {interval}, state, order_id, line, seat, subscription_id,
    term_start, term_end)
{numbers} SELECT {license}, {account}, {plan}, 1, 'year', 'assigned', {order}, 0,
    n - n / {per_account} * {per_account}, {order}, '2026-01-01', '2027-01-01' FROM numbers
"""
_ASSIGNMENTS = """
INSERT INTO assignments (id, account, license, member, plan, family, code, assigned_at)
{numbers} SELECT {assignment}, {account}, {license}, {member}, {plan}, '{family}', 'CODE' || n, 0 FROM numbers
"""


def entitlements(url: str, licenses: int) -> None:
    """Migrate the database at `url` and fill it."""
    db.connect(url)
    db.migrate("entitlements")
    try:
        with db.database.connection_context():
            _fill(licenses)
    finally:
        db.database.obj.close_all()


def _fill(licenses: int) -> None:
    unchecked = "SET session_replication_role = replica" if db.is_postgres() else "PRAGMA foreign_keys = off"
    db.database.execute_sql(unchecked)  # every row's parents are among these
    with db.database.atomic():
        for plan in PLANS:
            Plan.create(
                **{name: plan[name] for name in ("code", "rank", "family")}, version=1, status="published"
            )
            PlanVersion.create(
                plan=plan["code"],
                version=1,
                **{name: plan[name] for name in ("name", "install", "features")},
            )
        _run(_ACCOUNTS, max(1, licenses // PER_ACCOUNT), "n")
        for statement in (_MEMBERS, _LICENSES, _ASSIGNMENTS):
            _run(statement, licenses, f"n / {PER_ACCOUNT}")
    db.database.execute_sql("VACUUM ANALYZE" if db.is_postgres() else "ANALYZE")
    if not db.is_postgres():
        db.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # read from its place, as after any while


def _run(statement: str, count: int, account: str) -> None:
    plans = " ".join(f"WHEN {place} THEN '{plan['code']}'" for place, plan in enumerate(PLANS))
    words = {
        "numbers": _NUMBERS.format(count=count),
        "account": _id_of(ACCOUNT, account),
        "order": _id_of(ORDER, account),
        **{name: _id_of(kind, "n") for name, kind in _KINDS.items()},
        "plan": f"CASE n - n / {len(PLANS)} * {len(PLANS)} {plans} END",
        "interval": '"interval"',
        "family": FAMILY,
        "per_account": PER_ACCOUNT,
    }
    db.database.execute_sql(statement.format(**words))


_KINDS = {"member": MEMBER, "license": LICENSE, "assignment": ASSIGNMENT}


def _id_of(kind: int, number: str) -> str:
    """The SQL of `the_id`."""
    if db.is_postgres():
        return f"('{_beginning(kind)}' || lpad(to_hex({number}), 12, '0'))::uuid"
    return f"printf('{_beginning(kind)}%012x', {number})"


def the_id(kind: int, number: int) -> str:
    """Ascending, as UUIDs of version 7 are."""
    return str(uuid.UUID(f"{_beginning(kind)}{number:012x}"))


def _beginning(kind: int) -> str:
    return f"{0x01990000 + kind:08x}000070008000"
