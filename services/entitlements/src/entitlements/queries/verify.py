"""Recomputes who holds what from the rows and from what was announced, and names every difference."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import peewee

from entitlements import domain, events
from entitlements.models import (
    LIVE,
    RESTRICTED,
    STATUS,
    Account,
    Assignment,
    Domain,
    License,
    Member,
    Parking,
    Pool,
    Restriction,
)
from kit.outbox import Outbox

Facts = dict[str, dict[Any, Any]]
ACCOUNT, MEMBER, DOMAIN, LINE, PARKING = "account", "member", "domain", "licenses of order line", "parking"
HOLDER, ACTIVATED, STANDS = "holder of license", "activation of license", "status of license"
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
    counted, told = _log()
    yield from _compare("pool", _by_plan(pools), "log", counted)
    for what, ours in _facts().items():
        yield from _compare(what, ours, "log", told[what])
    held = {row.license_id for row in Assignment.select().where(LIVE)}
    assigned = License.select(License.id).where(License.state == domain.ASSIGNED)
    for license_id in held ^ {row.id for row in assigned.iterator()}:
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


def _facts() -> Facts:
    """What the rows say of everything that is announced."""
    account, member = events.account_changed, events.member_added
    held = Assignment.select(Assignment, STATUS).join(License).where(LIVE)
    live = list(held.join(Restriction, peewee.JOIN.LEFT_OUTER, on=RESTRICTED, attr="restriction"))
    return {
        ACCOUNT: {row.id: account(row).data for row in Account.select()},
        MEMBER: {row.id: (row.account_id, member(row).data) for row in Member.select()},
        DOMAIN: {(row.account_id, row.domain): row.state for row in Domain.select()},
        HOLDER: {row.license_id: row.member_id for row in live},
        ACTIVATED: {row.license_id: True for row in live if row.activated_at is not None},
        STANDS: {row.license_id: row.status for row in live},
        LINE: _lines(),
        PARKING: {row.id: row.seats for row in Parking.select().where(Parking.undone_at.is_null())},
    }


def _lines() -> dict[Any, Any]:
    by = (License.account, License.order_id, License.line, License.plan, License.interval)
    rows: Any = License.select(*by, peewee.fn.COUNT(License.id)).group_by(*by).tuples()
    return {
        (account, str(order), line): [plan, interval, count]
        for account, order, line, plan, interval, count in rows
    }


def _log() -> tuple[dict[Any, int], Facts]:
    """Seats by account, plan and state, and all else, as announced."""
    counts: Counter[Any] = Counter()
    facts: Facts = {what: {} for what in (ACCOUNT, MEMBER, DOMAIN, HOLDER, ACTIVATED, STANDS, LINE, PARKING)}
    for row in Outbox.select(Outbox.envelope).order_by(Outbox.id).iterator():
        event = json.loads(row.envelope)
        data, type_, account = event["data"], event["type"], event["subject"]
        for state, sign in _SEATS_MOVED.get(type_, {}).items():
            counts[account, data["plan"], state] += sign * data.get("seats", 1)
        _note(facts, type_, account, data)
    return {key: count for key, count in counts.items() if count}, facts


def _note(facts: Facts, type_: str, account: str, data: dict[str, Any]) -> None:
    match type_:
        case "account.opened" | "account.changed":
            facts[ACCOUNT][account] = {"new_device_mail": True, **data}  # release 0.1 did not say it
        case "member.added" | "member.changed":
            state = {field: value for field, value in data.items() if field != "changed"}
            facts[MEMBER][data["member_id"]] = (account, state)
        case "member.removed":
            _, known = facts[MEMBER][data["member_id"]]
            facts[MEMBER][data["member_id"]] = (account, {**known, "state": domain.REMOVED})
        case "domain.added" | "domain.approved":
            facts[DOMAIN][account, data["domain"]] = (
                domain.PENDING if type_ == "domain.added" else domain.APPROVED
            )
        case "domain.removed":
            facts[DOMAIN].pop((account, data["domain"]), None)
        case "license.issued":
            line = (account, data["order_id"], data["line"])
            facts[LINE][line] = [data["plan"], data["interval"], data["seats"]]
        case "license.assigned":
            facts[HOLDER][data["license_id"]] = data["member_id"]
            facts[STANDS][data["license_id"]] = data["status"]
        case "license.changed" | "license.suspended" | "license.restored":
            facts[STANDS][data["license_id"]] = data["status"]
        case "license.activated":
            facts[ACTIVATED][data["license_id"]] = True
        case "license.unassigned":
            facts[HOLDER].pop(data["license_id"], None)
            facts[ACTIVATED].pop(data["license_id"], None)
            facts[STANDS].pop(data["license_id"], None)
        case "seats.parked":
            facts[PARKING][data["parking_id"]] = data["seats"]
        case "seats.unparked":
            facts[PARKING].pop(data["parking_id"], None)
