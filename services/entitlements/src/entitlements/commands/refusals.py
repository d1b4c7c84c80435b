"""Refused sign-ins and permissions, for the account's activity log; the process log has the others."""

from collections.abc import Callable

import structlog

from entitlements import domain, events
from entitlements.models import Member
from kit import context, db, outbox
from kit.limits import Limit
from kit.outbox import Event

log = structlog.get_logger()

AUDIT = Limit("audit", "1/minute")  # events for each member and kind: nobody fills a stream with refusals


def note_refused_sign_in(member_id: str, reason: str) -> None:
    """Announce that the member was not signed in by a link."""
    member = Member.get_or_none(Member.id == member_id)
    if member is not None and member.state != domain.ACTIVE:
        reason = "unknown-member"
    _note(member, f"sign-in {reason}", lambda found: events.session_refused(found, reason))


def note_limited_sign_ins(email: str) -> None:
    """Announce to each account of the address that too many links were asked for."""
    members: list[Member | None] = list(
        Member.select().where((Member.email == email) & (Member.state == domain.ACTIVE))
    )
    for member in members or [None]:
        _note(member, "sign-in too-many-links", lambda found: events.session_refused(found, "too-many-links"))


def note_refused_permission(member_id: str, route: str, needed: list[str]) -> None:
    """Announce that the member asked for what their roles do not permit."""
    member = Member.get_or_none(Member.id == member_id)
    _note(member, "permission", lambda found: events.permission_refused(found, route, needed))


def _note(member: Member | None, kind: str, event_of: Callable[[Member], Event]) -> None:
    """Publish one event a minute for each member and kind, as done by the member."""
    log.warning("refused", kind=kind, member=member and member.id, account=member and member.account_id)
    if member is None:
        return
    window = AUDIT.count(f"{member.id} {kind}")
    if window is None or window.within:
        by_member = context.current()._replace(actor=f"member:{member.id}")
        with context.acting(by_member), db.atomic():
            outbox.add(event_of(member))
