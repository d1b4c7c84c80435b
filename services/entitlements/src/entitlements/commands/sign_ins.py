"""Signing in by a mailed link, which works once."""

from entitlements import domain
from entitlements.models import Member
from kit import db
from kit.errors import refuse


def use_sign_in_link(member_id: str, counter: int) -> Member:
    """Use the link up that was made at this counter: compare and set, so of two clicks one signs in."""
    with db.atomic():
        unused = (
            (Member.id == member_id) & (Member.sign_in_counter == counter) & (Member.state == domain.ACTIVE)
        )
        if not db.changed_one(Member.update(sign_in_counter=counter + 1).where(unused)):
            refuse("link-used", "The link was used already, or a newer one was asked for.")
        member: Member = Member.get_by_id(member_id)
        return member
