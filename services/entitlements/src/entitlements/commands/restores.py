"""After our database was restored: readers copied what we told since the backup and do not know any more."""

from entitlements import domain, events
from entitlements.commands import sessions
from entitlements.models import Account, Member, Pool, Session
from kit import db, outbox


def retell_account(account_id: str) -> None:
    """Tell again how the account, its people and its removed seats stand, so that every copy is as we are.

    Its sessions end: the backup may hold some that were ended since.
    """
    with db.atomic():
        account = Account.locked(account_id)
        members = Member.select().where((Member.account == account) & Member.removed_at.is_null())
        pools = Pool.select().where(Pool.account == account).order_by(Pool.plan, Pool.interval)
        live = Session.select(Session.member).where((Session.account == account) & Session.live())
        signed_in = Member.select().where(Member.id.in_(live)).order_by(Member.id)
        for member in list(db.locked(signed_in)):  # all rows before the first event, as in `sessions`
            sessions.end_sessions_of(member, domain.RESTORED)
        outbox.add(
            events.account_changed(account),
            *map(events.member_changed, members.order_by(Member.id)),
            *map(events.seats_counted, pools),
        )
