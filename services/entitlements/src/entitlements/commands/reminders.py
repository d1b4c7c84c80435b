"""Send the mail about a license again: to people by id, or to those who have not activated yet."""

from collections.abc import Sequence
from typing import NamedTuple

from entitlements import domain, events
from entitlements.models import LIVE, Account, Assignment
from kit import clock, db, outbox


class Reminder(NamedTuple):
    """What became of one person of the list."""

    member_id: str
    verdict: str


def send_reminders(account_id: str, members: Sequence[str] | None) -> list[Reminder]:
    """Remind these members, or those who wait longest and have not activated.

    Each person gets at most one mail every ten minutes.
    """
    with db.atomic():
        Account.locked(account_id)
        held = Assignment.select().where((Assignment.account == account_id) & LIVE)
        if members is None:
            waiting = held.where(Assignment.activated_at.is_null())
            oldest = waiting.order_by(Assignment.reminded_at.asc(nulls="first"), Assignment.id)
            assignments = list(oldest.limit(domain.MOST_REMINDERS))
            members = [assignment.member_id for assignment in assignments]
        else:
            assignments = list(held.where(Assignment.member.in_(members)).order_by(Assignment.id))
        of_member = {assignment.member_id: assignment for assignment in assignments}
        return [_remind(member_id, of_member.get(member_id)) for member_id in dict.fromkeys(members)]


def _remind(member_id: str, assignment: Assignment | None) -> Reminder:
    """The event is what the notifier sends the mail about."""
    if assignment is None:
        return Reminder(member_id, domain.NO_LICENSE)
    last, now = assignment.reminded_at, clock.now()
    if last is not None and now - last < domain.REMIND_AFTER:
        return Reminder(member_id, domain.REMINDED_RECENTLY)
    Assignment.update(reminded_at=now).where(Assignment.id == assignment.id).execute()
    outbox.add(events.license_reminded(assignment))
    return Reminder(member_id, domain.REMINDED)
