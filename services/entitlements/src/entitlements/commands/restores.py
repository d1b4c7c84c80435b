"""After our database was restored: readers copied what we told since the backup and do not know any more."""

from entitlements import events
from entitlements.models import Account, Member, Pool
from kit import db, outbox


def retell_account(account_id: str) -> None:
    """Tell again how the account, its people and its removed seats stand, so that every copy is as we are."""
    with db.atomic():
        account = Account.locked(account_id)
        members = Member.select().where((Member.account == account) & Member.removed_at.is_null())
        pools = Pool.select().where(Pool.account == account).order_by(Pool.plan, Pool.interval)
        outbox.add(
            events.account_changed(account),
            *map(events.member_changed, members.order_by(Member.id)),
            *map(events.seats_counted, pools),
        )
