"""One seat-taking path for every entry: a list of people, of whom each gets a license of one plan or a reason.

It costs a few statements for the whole list, and gives to each what they would get one after the other.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from entitlements import domain, events
from entitlements.domain import Holding, Seats, Taker
from entitlements.models import (
    JOIN_RESTRICTION,
    RESTRICTED,
    Assignment,
    License,
    Member,
    Plan,
    PlanVersion,
    Pool,
    Restriction,
)
from kit import clock, db, outbox, smtp
from kit.errors import Refusal, refuse

_AMONG = {  # a list travels as one JSON text: of any length, and the statement stays the same
    "postgresql": "IN (SELECT json_array_elements_text({0})::{kind})",
    "sqlite": "IN (SELECT value FROM json_each({0}))",
}
_TAKERS = """
SELECT CAST(m.id AS text), m.email, m.name, m.state, CAST(a.id AS text), CAST(a.license AS text), a.plan,
a.code, a.activated_at, a.assigned_at
FROM members m LEFT JOIN assignments a ON a.member = m.id AND a.family = {0} AND a.ended_at IS NULL
WHERE m.account = {0} AND """
_BY_ID, _BY_EMAIL = "m.id {among}", "m.state = 'active' AND m.email {among}"
_FORMER = """
SELECT CAST(f.member AS text), CAST(l.id AS text), l.interval, l.version, coalesce(r.status, 'active'),
CAST(f.id AS text), f.code, f.activated_at
FROM assignments f JOIN licenses l ON l.id = f.license
{restriction}
WHERE f.plan = {0} AND f.end_reason = {0} AND f.ended_at > {0} AND l.state = {0} AND f.member {among}
ORDER BY f.ended_at DESC
"""
_FREE = """
SELECT CAST(l.id AS text), l.interval, l.version, 'active' FROM licenses l
{restriction}
WHERE l.account = {0} AND l.plan = {0} AND l.state = {0} AND r.status IS NULL
ORDER BY l.term_end DESC, l.id LIMIT {0}
"""
_COLUMNS = ("family", "id", "account", "license", "member", "plan", "code", "activated_at", "assigned_at")
_TAKE = "UPDATE licenses SET state = {0} WHERE id {among}"
_MOVE_DEVICES = """
UPDATE devices SET assignment = (SELECT a.id FROM assignments f JOIN assignments a ON a.code = f.code
AND a.ended_at IS NULL WHERE f.id = devices.assignment) WHERE assignment {among}
"""


class Former(NamedTuple):
    """The assignment by which the same member held the license until a short while ago."""

    id: str
    code: str
    activated_at: int | None


class Free(NamedTuple):
    """A license that can be given."""

    id: str
    interval: str
    version: int
    status: str
    former: Former | None = None


class Taken(NamedTuple):
    """A license on its way into somebody's hands."""

    license: Free
    taker: Taker
    holding: Holding


class Given(NamedTuple):
    """What comes of one row of the list. `verdict`: assigned, held (already), repeated (stands above), or the
    code of the rule that refuses."""

    asked: str
    verdict: str
    taker: Taker | None = None
    holding: Holding | None = None
    taken: Taken | None = None
    refusal: Refusal | None = None


def choose_licenses(account_id: str, plan: Plan, asked: Sequence[str]) -> list[Given]:
    """Which license each would get, in the order of the list; `asked` are ids or e-mail addresses. The account
    is locked, and nothing is changed."""
    keys = [_key(one) for one in asked]
    takers = _takers(account_id, plan, {key for key in keys if key})
    able = {taker.id for taker in takers.values() if taker.held is None}
    offer = _Offer(account_id, plan, able)
    above: set[str] = set()

    def chosen() -> Iterator[Given]:
        for one, key in zip(asked, keys, strict=True):
            taker = takers.get(key or "")
            try:
                yield _choose(one, taker, plan, offer, above)
            except Refusal as refusal:
                yield Given(one, refusal.code, taker, refusal=refusal)

    return list(chosen())


def give_licenses(account_id: str, plan: Plan, rows: list[Given]) -> None:
    """Carry out what was chosen, with one event for each license."""
    new = [row.taken for row in rows if row.taken]
    if not new:
        return
    _write(plan.family, new)
    features = _features(plan)
    told = zip(new, _count(account_id, plan.code, new), strict=True)
    outbox.add(
        *(
            events.license_assigned(one.holding, one.taker, _grant(plan, features, one.license), pool)
            for one, pool in told
        )
    )


class _Offer:
    """What can be given: each license once, to the member who held it until lately (however its subscription
    stands, they are nobody new) or to whoever comes."""

    def __init__(self, account_id: str, plan: Plan, able: set[str]):
        self.account_id, self.plan = account_id, plan.code
        self.formers, self.free = _formers(plan, able), iter(_free(account_id, plan, len(able)))
        self.gone: set[str] = set()

    def take(self, member_id: str) -> Free | None:
        left = (one for one in self.formers.get(member_id, ()) if one.id not in self.gone)
        rest = (one for one in self.free if one.id not in self.gone)
        taken = next(left, None) or next(rest, None)
        if taken:
            self.gone.add(taken.id)
        return taken

    @cached_property
    def shortage(self) -> Refusal:
        """Nothing is free, or all that is belongs to a subscription that is in grace or suspended."""
        here = (
            (License.account == self.account_id) & (License.plan == self.plan) & (License.state == domain.FREE)
        )
        restricted = Restriction.select(Restriction.status).join(License, on=RESTRICTED).where(here)
        if status := restricted.limit(1).scalar():
            said = f"The subscription of the free licenses of {self.plan} is {status}."
            return Refusal("subscription-not-active", said, plan=self.plan, subscription_status=status)
        return Refusal("no-free-license", f"No license of {self.plan} is free.", plan=self.plan)


def _choose(asked: str, taker: Taker | None, plan: Plan, offer: _Offer, above: set[str]) -> Given:
    if taker is None:
        Member.unknown(asked)
    if taker.id in above:
        return Given(asked, domain.REPEATED, taker, taker.held)
    above.add(taker.id)
    domain.check_active(taker.state, taker.name, taker.id)
    if taker.held and taker.held.plan == plan.code:
        return Given(asked, domain.HELD, taker, taker.held)
    if taker.held:
        held = taker.held.plan
        refuse("already-licensed", f"{taker.name} holds {held}.", member_id=taker.id, plan=held)
    license = offer.take(taker.id)
    if license is None:
        raise offer.shortage
    taken = Taken(license, taker, _holding(plan, license, taker))
    return Given(asked, domain.ASSIGNED, taker, taken.holding, taken)


def _key(asked: str) -> str | None:
    """An id or an address in its one spelling; None for what can be neither."""
    try:
        one = smtp.pasted_address(asked)
        return domain.address(one) if "@" in one else str(uuid.UUID(one))
    except ValueError:
        return None


# Reading. ---------------------------------------------------------------------------------------


def _takers(account_id: str, plan: Plan, keys: set[str]) -> dict[str, Taker]:
    """By what was asked for. Whoever was removed is known by id; their address is nobody's."""
    emails = {key for key in keys if "@" in key}
    found: dict[str, Taker] = {}
    if ids := keys - emails:
        rows = _run(_TAKERS + _BY_ID, plan.family, db.bare(account_id), among=map(db.bare, ids))
        found |= {taker.id: taker for taker in (_taker(account_id, row) for row in rows)}
    if emails:
        rows = _run(_TAKERS + _BY_EMAIL, plan.family, db.bare(account_id), among=emails, kind="text")
        found |= {taker.email: taker for taker in (_taker(account_id, row) for row in rows)}
    return found


def _taker(account_id: str, row: tuple[Any, ...]) -> Taker:
    member, email, name, state, assignment, license, *rest = row
    id = domain.dashed(member)
    held = assignment and Holding(domain.dashed(assignment), account_id, domain.dashed(license), id, *rest)
    return Taker(id, account_id, email, name, state, held)


def _formers(plan: Plan, member_ids: Iterable[str]) -> dict[str, list[Free]]:
    """Free licenses that were taken from the members within the undo window, the latest first."""
    lately = clock.now() - domain.UNDO_WINDOW
    chosen = (plan.code, domain.UNASSIGNED, lately, domain.FREE)
    formers: dict[str, list[Free]] = {}
    for member, *free, id, code, activated_at in _run(_FORMER, *chosen, among=map(db.bare, member_ids)):
        former = Former(domain.dashed(id), code, activated_at)
        formers.setdefault(domain.dashed(member), []).append(_license(*free)._replace(former=former))
    return formers


def _free(account_id: str, plan: Plan, most: int) -> list[Free]:
    """Free licenses: first those whose term ends last, of several the oldest."""
    rows = _run(_FREE, db.bare(account_id), plan.code, domain.FREE, most)
    return [_license(*row) for row in rows]


def _license(id: str, interval: str, version: int, status: str) -> Free:
    return Free(domain.dashed(id), interval, version, status)


def _grant(plan: Plan, features: dict[int, dict[str, Any]], license: Free) -> dict[str, Any]:
    return {"rank": plan.rank, "status": license.status, "features": features[license.version]}


def _features(plan: Plan) -> dict[int, dict[str, Any]]:
    versions = PlanVersion.select(PlanVersion.version, PlanVersion.features)
    return {one.version: one.features for one in versions.where(PlanVersion.plan == plan.code)}


# Writing. ---------------------------------------------------------------------------------------


def _holding(plan: Plan, license: Free, taker: Taker) -> Holding:
    former = license.former
    return Holding(
        id=clock.new_id(),
        account_id=taker.account_id,
        license_id=license.id,
        member_id=taker.id,
        plan=plan.code,
        code=former.code if former else domain.new_code(),
        activated_at=former.activated_at if former else None,
        assigned_at=clock.now(),
    )


def _write(family: str, new: list[Taken]) -> None:
    rows = ((family, *map(db.bare, one.holding[:4]), *one.holding[4:]) for one in new)
    db.insert(Assignment, _COLUMNS, rows)
    _run(_TAKE, domain.ASSIGNED, among=(db.bare(one.license.id) for one in new))
    if formers := [db.bare(one.license.former.id) for one in new if one.license.former]:
        _run(_MOVE_DEVICES, among=formers)


def _count(account_id: str, plan: str, new: list[Taken]) -> Iterator[Seats]:
    """Move the pools; the plan's seats after each license."""
    for interval, seats in Counter(one.license.interval for one in new).items():
        pool = Pool.move(account_id, plan, interval, free=-seats, assigned=+seats)
    for left in reversed(range(len(new))):
        yield Seats(pool.assigned - left, pool.free + left, pool.parked)


def _run(statement: str, *values: Any, among: Iterable[str] | None = None, kind: str = "uuid") -> Any:
    """A list is a statement's last value."""
    listed = [] if among is None else [json.dumps(list(among))]
    spelled = _AMONG["postgresql" if db.is_postgres() else "sqlite"].format(db.database.param, kind=kind)
    return db.database.execute_sql(
        statement.format(db.database.param, among=spelled, restriction=JOIN_RESTRICTION), (*values, *listed)
    )
