"""Signing in by a mailed link, which works once."""

from entitlements import domain
from entitlements.commands import sessions
from entitlements.models import Member, Session
from kit import db
from kit.errors import refuse


def use_sign_in_link(member_id: str, counter: int, browser: sessions.Browser) -> Session:
    """Start a session by the link that was made at this counter, which is used up.

    Compare and set: of two clicks one signs in.
    """
    with db.atomic():
        unused = (
            (Member.id == member_id) & (Member.sign_in_counter == counter) & (Member.state == domain.ACTIVE)
        )
        if not db.changed_one(Member.update(sign_in_counter=counter + 1).where(unused)):
            refuse("link-used", "The link was used already, or a newer one was asked for.")
        return sessions.start_session(Member.get_by_id(member_id), browser, domain.BY_LINK)
