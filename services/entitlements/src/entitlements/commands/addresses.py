"""Changes of a member's e-mail address, which take effect when the new address confirms them."""

from entitlements import domain, events
from entitlements.commands import domains, sessions
from entitlements.models import Account, AddressChange, Member
from kit import clock, context, db, outbox
from kit.errors import not_found, refuse


def open_address_change(member: Member, email: str) -> AddressChange:
    """Ask `email` for its confirmation; the caller locked the account and checked permissions.

    A former request of the member ends, so that only the newest link works.
    """
    check_unused(member.account_id, email)
    domains.check_address(member.account_id, email)
    _end(member.id, domain.REPLACED)
    now = clock.now()
    change: AddressChange = AddressChange.create(
        account=member.account_id,
        member=member,
        email=email,
        requested_at=now,
        expires_at=now + domain.ADDRESS_CHANGE_LASTS,
    )
    outbox.add(events.member_address_requested(member, change))
    return change


def renew_address_change(account_id: str, member_id: str, grants: frozenset[str]) -> None:
    """Send another link for the member's open request, which gets its full time again."""
    with db.atomic():
        Account.locked(account_id)
        member = Member.of_account(account_id, member_id)
        member.check_active()
        domain.check_touchable(member.roles, grants)
        change = AddressChange.of_member(member_id) or not_found("address change", member_id=member_id)
        open_address_change(member, change.email)


def cancel_address_change(account_id: str, member_id: str, grants: frozenset[str]) -> None:
    """Withdraw the member's open request: its link stops working at once."""
    with db.atomic():
        Account.locked(account_id)
        member = Member.of_account(account_id, member_id)
        domain.check_touchable(member.roles, grants)
        change = AddressChange.of_member(member_id) or not_found("address change", member_id=member_id)
        _end(member_id, domain.WITHDRAWN)
        outbox.add(events.member_address_canceled(member, change))


def drop_address_change(member: Member) -> None:
    """End the open request of a member who leaves."""
    _end(member.id, domain.REMOVED)


def confirm_address_change(change_id: str) -> AddressChange:
    """Give the member the confirmed address, and end what was mailed to the former one.

    Domains and other people may have changed since the request, so both are checked again. Sessions
    end: the former address may have begun them.
    """
    account_id = _usable(change_id).account_id
    with db.atomic():
        account = Account.locked(account_id)
        change = _usable(change_id)
        member: Member = Member.get_by_id(change.member_id)
        member.check_active()
        check_unused(account_id, change.email)
        domains.check_address(account_id, change.email)
        former = events.described(member)
        member.rename(member.name, change.email)
        member.save(only=[Member.email, Member.known_as])
        _end(member.id, domain.CONFIRMED)
        acting = context.current()._replace(actor=f"member:{member.id}")
        with context.acting(acting):
            outbox.add(events.member_changed(member, former))
            sessions.end_sessions_of(member, domain.ADDRESS_CHANGED)
        change.account, change.member = account, member
        return change


def check_unused(account_id: str, email: str) -> None:
    """Refuse an address that an active member of the account has."""
    taken = (Member.account == account_id) & (Member.email == email) & (Member.state == domain.ACTIVE)
    if Member.select().where(taken).exists():
        refuse("email-taken", f"{email} belongs to a member already.", email=email)


def _usable(change_id: str) -> AddressChange:
    change: AddressChange | None = AddressChange.get_or_none(AddressChange.id == change_id)
    if change is not None and change.outcome == domain.CONFIRMED:
        refuse("link-used", "The address was confirmed already.")
    if change is None or change.ended_at is not None or change.expires_at <= clock.now():
        refuse("link-expired", "The link does not work any more.", status=410)
    return change


def _end(member_id: str, outcome: str) -> None:
    is_open = (AddressChange.member == member_id) & AddressChange.ended_at.is_null()
    AddressChange.update(ended_at=clock.now(), outcome=outcome).where(is_open).execute()
