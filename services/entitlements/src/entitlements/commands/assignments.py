"""Who holds which license: given to one or to many, taken back."""

from collections.abc import Sequence
from typing import Any, cast

from entitlements import domain, events
from entitlements.commands import giving
from entitlements.commands.giving import Given
from entitlements.domain import Holding
from entitlements.models import LIVE, Account, Assignment, License, Member, Plan, Pool
from kit import clock, db, outbox
from kit.errors import not_found, refuse

NAMED = 100


def assign_license(account_id: str, member_id: str, plan_code: str) -> Holding:
    """Give the member one of the account's free licenses for the plan; the same plan again changes nothing."""
    with db.atomic():
        Account.locked(account_id)
        plan = Plan.known(plan_code)
        [row] = giving.choose_licenses(account_id, plan, [member_id])
        if row.refusal:
            raise row.refusal
        giving.give_licenses(account_id, plan, [row])
        return cast(Holding, row.holding)


def assign_licenses(
    account_id: str, plan: str, members: Sequence[str], mode: str = domain.BEST_EFFORT, dry_run: bool = False
) -> list[Given]:
    """Give licenses to a list of ids and e-mail addresses, in its order: to all or nobody, or to whoever can
    have one. The same list again changes nothing. A dry run says what would happen."""
    with db.atomic():
        Account.locked(account_id)
        known = Plan.known(plan)
        rows = giving.choose_licenses(account_id, known, members)
        if mode == domain.ATOMIC:
            _check_all(rows, plan)
        if dry_run:
            return [row._replace(holding=None) if row.taken else row for row in rows]
        giving.give_licenses(account_id, known, rows)
        return rows


def _check_all(rows: list[Given], plan: str) -> None:
    """The number of licenses that are missing, and the people who may not have one."""
    refusals = [row.refusal for row in rows if row.refusal]
    missing = sum(refusal.code == "no-free-license" for refusal in refusals)
    named = [{"member": row.asked, "verdict": row.verdict} for row in rows if row.refusal]
    refused = [one for one in named if one["verdict"] != "no-free-license"][:NAMED]
    if missing:
        detail = f"{missing} licenses of {plan} are missing."
        refuse("no-free-license", detail, plan=plan, missing=missing, refused=refused)
    if refused:
        detail = f"{len(refusals)} on the list may not have a license of {plan}."
        refuse("members-refused", detail, plan=plan, missing=0, refused=refused)


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


def _with_license() -> Any:
    return Assignment.select(Assignment, License).join(License)


def _take_back(assignment: Assignment, reason: str) -> None:
    assignment.ended_at, assignment.end_reason = clock.now(), reason
    assignment.save()
    held = assignment.license
    License.update(state=domain.FREE).where(License.id == held.id).execute()
    pool = Pool.move(assignment.account_id, held.plan, held.interval, assigned=-1, free=+1)
    outbox.add(events.license_unassigned(assignment, pool))
