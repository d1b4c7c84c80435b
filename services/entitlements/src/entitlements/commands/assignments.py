"""Who holds which license. One seat-taking path for every entry."""

from typing import Any, NamedTuple, NoReturn

import peewee

from entitlements import domain, events
from entitlements.models import (
    GRANTED,
    LIVE,
    RESTRICTED,
    STATUS,
    Account,
    Assignment,
    Device,
    License,
    Member,
    Plan,
    PlanVersion,
    Pool,
    Restriction,
)
from kit import clock, db, outbox
from kit.errors import not_found, refuse


class Taken(NamedTuple):
    """A free license, and the assignment by which the same member held it until a short while ago."""

    license: License  # with its status
    features: dict[str, Any]
    former: Assignment | None


def assign_license(account_id: str, member_id: str, plan_code: str) -> Assignment:
    """Give the member one of the account's free licenses for the plan; the same plan again changes nothing."""
    with db.atomic():
        Account.locked(account_id)
        plan = Plan.known(plan_code)
        member, held = _member_and_license(account_id, member_id, plan.family)
        if held is not None and held.plan == plan_code:
            return held
        if held is not None:
            refuse("already-licensed", f"{member.name} holds {held.plan}.", member_id=member_id, plan=held.plan)
        taken = (
            _held_before(member, plan_code)
            or _free(account_id, plan_code)
            or _refuse_for_want_of(account_id, plan_code)
        )
        assignment = _hand(taken, member, plan)
        pool = Pool.move(account_id, plan_code, taken.license.interval, free=-1, assigned=+1)
        outbox.add(events.license_assigned(assignment, member, plan.rank, taken.features, pool))
        return assignment


def unassign_license(account_id: str, assignment_id: str) -> None:
    """Take the license back; the person loses nothing else, and gets the same one back within 30 days."""
    with db.atomic():
        Account.locked(account_id)
        here = (Assignment.id == assignment_id) & (Assignment.account == account_id) & LIVE
        assignment = _with_license().where(here).first() or not_found("assignment", assignment_id=assignment_id)
        _take_back(assignment, domain.UNASSIGNED)


def free_seats_of(member: Member) -> None:
    """Inside the transaction that removes the member."""
    for assignment in list(_with_license().where((Assignment.member == member.id) & LIVE)):
        _take_back(assignment, domain.MEMBER_REMOVED)


def _member_and_license(account_id: str, member_id: str, family: str) -> tuple[Member, Assignment | None]:
    holds = (Assignment.member == Member.id) & (Assignment.family == family) & LIVE
    found = (
        Member.select(Member, Assignment)
        .join(Assignment, peewee.JOIN.LEFT_OUTER, on=holds, attr="held")
        .where((Member.id == member_id) & (Member.account == account_id))
        .first()
    )
    if found is None:
        Member.unknown(member_id)
    found.check_active()
    return found, getattr(found, "held", None)


def _with_features(*columns: Any) -> Any:
    chosen = License.select(License.id, License.interval, STATUS, PlanVersion.features, *columns)
    joined = chosen.join(Restriction, peewee.JOIN.LEFT_OUTER, on=RESTRICTED, attr="restriction")
    return joined.switch(License).join(PlanVersion, on=GRANTED, attr="granted")


def _held_before(member: Member, plan_code: str) -> Taken | None:
    """The license that was taken from the member within the undo window, if it is still free; however its
    subscription stands, they are nobody new."""
    taken_back = (Assignment.license == License.id) & (Assignment.end_reason == domain.UNASSIGNED)
    lately = Assignment.ended_at > clock.now() - domain.UNDO_WINDOW
    found = (
        _with_features(Assignment.id, Assignment.code, Assignment.activated_at)
        .switch(License)
        .join(Assignment, on=taken_back, attr="former")
        .where((Assignment.member == member.id) & (Assignment.plan == plan_code) & lately)
        .where(License.state == domain.FREE)
        .order_by(Assignment.ended_at.desc())
        .first()
    )
    return None if found is None else Taken(found, found.granted.features, found.former)


def _free(account_id: str, plan_code: str) -> Taken | None:
    """The free license whose term ends last, of several the oldest."""
    free = _free_of(account_id, plan_code) & Restriction.status.is_null()
    found = _with_features().where(free).order_by(License.term_end.desc(), License.id).first()
    return None if found is None else Taken(found, found.granted.features, None)


def _free_of(account_id: str, plan_code: str) -> Any:
    return (License.account == account_id) & (License.plan == plan_code) & (License.state == domain.FREE)


def _refuse_for_want_of(account_id: str, plan_code: str) -> NoReturn:
    """Nothing is free, or all that is belongs to a subscription that is in grace or suspended."""
    restricted = Restriction.select(Restriction.status).join(License, on=RESTRICTED)
    status = restricted.where(_free_of(account_id, plan_code)).limit(1).scalar()
    if status is not None:
        said = f"The subscription of the free licenses of {plan_code} is {status}."
        refuse("subscription-not-active", said, plan=plan_code, subscription_status=status)
    refuse("no-free-license", f"No license of {plan_code} is free.", plan=plan_code)


def _hand(taken: Taken, member: Member, plan: Plan) -> Assignment:
    former = taken.former
    assignment = Assignment.create(
        account=member.account_id,
        license=taken.license.id,
        member=member,
        plan=plan.code,
        family=plan.family,
        code=former.code if former else domain.new_code(),
        activated_at=former.activated_at if former else None,
    )
    assignment.status = taken.license.status
    if former:
        Device.update(assignment=assignment.id).where(Device.assignment == former.id).execute()
    License.update(state=domain.ASSIGNED).where(License.id == taken.license.id).execute()
    return assignment


def _with_license() -> Any:
    return Assignment.select(Assignment, License).join(License)


def _take_back(assignment: Assignment, reason: str) -> None:
    assignment.ended_at, assignment.end_reason = clock.now(), reason
    assignment.save()
    held = assignment.license
    License.update(state=domain.FREE).where(License.id == held.id).execute()
    pool = Pool.move(assignment.account_id, held.plan, held.interval, assigned=-1, free=+1)
    outbox.add(events.license_unassigned(assignment, pool))
