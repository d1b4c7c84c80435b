"""Sessions of the portal: a sign-in starts one; signing out, removal and a new address end them.

A session starts and ends under the lock of its member's row, so that none starts while all end. That
lock comes before the first event of a transaction, since events lock the account's stream.
"""

from contextlib import AbstractContextManager
from typing import NamedTuple

import peewee

from entitlements import domain, events
from entitlements.models import Account, Member, Session
from kit import clock, context, db, outbox
from kit.errors import not_found, refuse


class Browser(NamedTuple):
    """Where a person signs in: the id that their browser keeps, and what it is in words."""

    id: str | None
    device: str | None


def start_session(member: Member, browser: Browser, method: str) -> Session:
    """Start a session in the caller's transaction, which holds the lock of the member's row.

    A session of the same browser is replaced; of too many, those unused for longest end.
    """
    fingerprint = domain.fingerprint(browser.id) if browser.id else None
    of_member = Session.member == member.id
    same_browser = of_member & (Session.browser == fingerprint)
    known = Session.select().where(same_browser).exists()
    came_before = member.sign_in_counter > 1 or Session.select().where(of_member).exists()
    _end(member, same_browser, domain.REPLACED)
    Session.delete().where(same_browser).execute()
    _make_room(member)
    now = clock.now()
    session: Session = Session.create(
        account=member.account_id,
        member=member.id,
        browser=fingerprint,
        device=browser.device,
        address=context.current().address,
        method=method,
        started_at=now,
        last_used_at=now,
        expires_at=now + domain.SESSION_LASTS,
    )
    with _acting_as(member):
        outbox.add(events.session_started(member, session, new_device=came_before and not known))
    return session


def start_demo_session(account_id: str, member_id: str, browser: Browser) -> Session:
    """Start a session by one click, which only the portal of a demo account asks for."""
    with db.atomic():
        member = _locked(account_id, member_id)
        member.check_active()
        return start_session(member, browser, domain.BY_DEMO)


def use_session(session_id: str) -> Session:
    """Return the live session with its member and account, and note its use; refused with 410 otherwise."""
    live = (Session.id == session_id) & Session.live()
    chosen = Session.select(Session, Member, Account).join(Member).switch(Session).join(Account).where(live)
    session: Session | None = chosen.first()
    if session is None or session.member.state != domain.ACTIVE:
        refuse("session-ended", "The session has ended. Sign in again.", status=410)
    now = clock.now()
    if now - session.last_used_at > domain.SESSION_USE_NOTED:
        session.last_used_at, session.address = now, context.current().address or session.address
        with db.atomic():
            session.save(only=[Session.last_used_at, Session.address])
    return session


def sign_out(session_id: str) -> None:
    """End the session that the person asks from; one that has ended stays so."""
    session = Session.get_or_none(Session.id == session_id) or not_found("session", session_id=session_id)
    with db.atomic():
        member = _locked(session.account_id, session.member_id)
        with _acting_as(member):
            _end(member, Session.id == session_id, domain.SIGNED_OUT)


def end_session(account_id: str, member_id: str, session_id: str, grants: frozenset[str] | None) -> None:
    """End one session of a member; `grants` are the caller's, None when it is the member."""
    with db.atomic():
        member = _touchable(account_id, member_id, grants)
        if not _end(member, Session.id == session_id, domain.ENDED):
            not_found("session", session_id=session_id)


def end_sessions(account_id: str, member_id: str, grants: frozenset[str] | None) -> None:
    """End all sessions of a member, and the sign-in links that were mailed; `grants` as for one."""
    with db.atomic():
        end_sessions_of(_touchable(account_id, member_id, grants), domain.EVERYWHERE)


def end_sessions_of(member: Member, reason: str) -> None:
    """End all sessions and unused sign-in links of the member, in the caller's transaction.

    The counter moves in SQL, because a sign-in moves it without the account's lock; to move it locks
    the row, so that a sign-in has either committed, and is ended here, or finds its link used.
    """
    Member.update(sign_in_counter=Member.sign_in_counter + 1).where(Member.id == member.id).execute()
    now = clock.now()
    live = (Session.member == member.id) & Session.live()
    if Session.update(ended_at=now).where(live).execute():
        outbox.add(events.session_ended(member, None, reason))


def forget_sessions() -> None:
    """Delete rows of sessions that are over for so long that their browsers count as unknown."""
    over = Session.select(Session.id).where(Session.expires_at < clock.now() - domain.SESSIONS_KNOWN)
    deleted = db.ROWS_AT_ONCE
    while deleted == db.ROWS_AT_ONCE:
        with db.atomic():
            deleted = Session.delete().where(Session.id.in_(over.limit(db.ROWS_AT_ONCE))).execute()


def _locked(account_id: str, member_id: str) -> Member:
    of_account = (Member.id == member_id) & (Member.account == account_id)
    member: Member | None = db.locked(Member.select().where(of_account)).first()
    return member or Member.unknown(member_id)


def _touchable(account_id: str, member_id: str, grants: frozenset[str] | None) -> Member:
    member = _locked(account_id, member_id)
    if grants is not None:
        domain.check_touchable(member.roles, grants)
    return member


def _end(member: Member, which: peewee.Expression, reason: str) -> int:
    """End the live ones among these sessions of the member, each with its event."""
    live = list(Session.select(Session.id).where(which & (Session.member == member.id) & Session.live()))
    for session in live:
        Session.update(ended_at=clock.now()).where(Session.id == session.id).execute()
        outbox.add(events.session_ended(member, session, reason))
    return len(live)


def _make_room(member: Member) -> None:
    """End and delete the oldest rows, so that a member has a bounded number of them."""
    of_member = Session.member == member.id
    newest = Session.select(Session.id).where(of_member & Session.live()).order_by(Session.last_used_at.desc())
    for session in newest.offset(domain.MOST_SESSIONS - 1):
        _end(member, Session.id == session.id, domain.REPLACED)
    latest = Session.select(Session.id).where(of_member).order_by(Session.last_used_at.desc())
    surplus = [session.id for session in latest.offset(domain.MOST_BROWSERS - 1)]
    if surplus:
        Session.delete().where(Session.id.in_(surplus)).execute()


def _acting_as(member: Member) -> AbstractContextManager[None]:
    """What the portal asks for at the door is done by the person."""
    return context.acting(context.current()._replace(actor=f"member:{member.id}"))
