"""Where a member is signed in."""

from entitlements.models import Member, Session


def sessions(account_id: str, member_id: str) -> list[Session]:
    """The live sessions, the last used first."""
    Member.of_account(account_id, member_id)
    live = (Session.member == member_id) & Session.live()
    return list(Session.select().where(live).order_by(Session.last_used_at.desc(), Session.id))
