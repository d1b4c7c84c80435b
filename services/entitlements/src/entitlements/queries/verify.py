"""Recomputes who holds what from the rows and from what was announced, and names every difference."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import peewee

from entitlements import domain
from entitlements.models import LIVE, Assignment, License, Pool
from kit.outbox import Outbox

STATES = (domain.ASSIGNED, domain.FREE, domain.PARKED)
_SEATS_MOVED = {
    "license.issued": {domain.FREE: 1},
    "license.assigned": {domain.FREE: -1, domain.ASSIGNED: 1},
    "license.unassigned": {domain.FREE: 1, domain.ASSIGNED: -1},
    "seats.parked": {domain.FREE: -1, domain.PARKED: 1},
    "seats.unparked": {domain.FREE: 1, domain.PARKED: -1},
}


def differences() -> Iterator[str]:
    """One sentence each; nothing when pools, licenses, assignments and the log agree."""
    pools, licenses = _pools(), _licenses()
    yield from _compare("pool", pools, "licenses", licenses)
    counted, holders = _log()
    yield from _compare("pool", _by_plan(pools), "log", counted)
    held = {row.license_id: row.member_id for row in Assignment.select().where(LIVE)}
    yield from _compare("holder of license", held, "log", holders)
    assigned = License.select(License.id).where(License.state == domain.ASSIGNED)
    for license_id in held.keys() ^ {row.id for row in assigned.iterator()}:
        yield f"license {license_id}: its state and its assignment disagree"


def _compare(what: str, ours: dict[Any, Any], other: str, theirs: dict[Any, Any]) -> Iterator[str]:
    for key in sorted(ours.keys() | theirs.keys(), key=str):
        if ours.get(key) != theirs.get(key):
            yield f"{what} {key}: {ours.get(key)}, by the {other} {theirs.get(key)}"


def _pools() -> dict[Any, int]:
    rows = Pool.select()
    counts = {(p.account_id, p.plan, p.interval, state): getattr(p, state) for p in rows for state in STATES}
    return {key: count for key, count in counts.items() if count}


def _licenses() -> dict[Any, int]:
    by = (License.account, License.plan, License.interval, License.state)
    rows: Any = License.select(*by, peewee.fn.COUNT(License.id)).group_by(*by).tuples()
    return {(account, plan, interval, state): count for account, plan, interval, state, count in rows}


def _by_plan(pools: dict[Any, int]) -> dict[Any, int]:
    counts: Counter[Any] = Counter()
    for (account, plan, _, state), count in pools.items():
        counts[account, plan, state] += count
    return dict(counts)


def _log() -> tuple[dict[Any, int], dict[str, str]]:
    """Seats by account, plan and state, and the holder of each assigned license, as announced."""
    counts: Counter[Any] = Counter()
    holders: dict[str, str] = {}
    told = Outbox.select(Outbox.envelope).where(Outbox.type.in_(list(_SEATS_MOVED))).order_by(Outbox.id)
    for row in told.iterator():
        event = json.loads(row.envelope)
        data, type_ = event["data"], event["type"]
        for state, sign in _SEATS_MOVED[type_].items():
            counts[event["subject"], data["plan"], state] += sign * data.get("seats", 1)
        if type_ == "license.assigned":
            holders[data["license_id"]] = data["member_id"]
        elif type_ == "license.unassigned":
            holders.pop(data["license_id"], None)
    return {key: count for key, count in counts.items() if count}, holders
