"""People of an account: add, change, remove."""

from typing import Any

from entitlements import domain, events
from entitlements.commands import addresses, assignments, domains, sessions
from entitlements.models import Account, AddressChange, Member
from kit import clock, db, outbox
from kit.errors import refuse

MAY_GIVE_ROLES = frozenset(("roles",))
# Not the counter: a sign-in, which does not lock the account, would be undone and its link work once more.
CHANGED = (Member.name, Member.known_as, Member.locale, Member.roles)


def add_member(account_id: str, person: dict[str, Any], grants: frozenset[str] = MAY_GIVE_ROLES) -> Member:
    """Add {email, name, locale or None, roles}; `grants` are the caller's."""
    with db.atomic():
        account = Account.locked(account_id)
        domain.check_touchable(person["roles"], grants)
        domains.check_address(account_id, person["email"])
        addresses.check_unused(account_id, person["email"])
        locale = person.get("locale") or account.locale
        member = Member(id=clock.new_id(), account=account, roles=sorted(set(person["roles"])), locale=locale)
        member.rename(person["name"], person["email"])
        member.save(force_insert=True)
        outbox.add(events.member_added(member))
        return member


def change_member(account_id: str, member_id: str, changes: dict[str, Any], grants: frozenset[str]) -> Member:
    """Set name, locale or roles at once, and ask a new e-mail address for its confirmation.

    The seat stays whatever changes; one administrator remains. People who have more than the
    member role are renamed only by callers who may give roles: a name carries authority. The
    locale only chooses a language, so it is free.
    """
    with db.atomic():
        Account.locked(account_id)
        member = _active_member(account_id, member_id)
        roles = sorted(set(changes.get("roles", member.roles)))
        name, email = changes.get("name", member.name), changes.get("email", member.email)
        if roles != member.roles:
            domain.need_roles(grants)
        if (name, email) != (member.name, member.email):
            domain.check_touchable(member.roles, grants)
        if domain.ADMINISTRATOR in set(member.roles) - set(roles):
            _check_another_administrator(member)
        former = events.described(member)
        member.rename(name, member.email)
        member.locale, member.roles = changes.get("locale", member.locale), roles
        if events.described(member) != former:
            member.save(only=CHANGED)
            outbox.add(events.member_changed(member, former))
        if email != member.email:
            pending = AddressChange.of_member(member.id)
            if pending is None or pending.email != email:
                addresses.open_address_change(member, email)
        return member


def remove_member(account_id: str, member_id: str, grants: frozenset[str]) -> None:
    """Remove the person: seats are free and sessions over at once, and the address may be used again."""
    with db.atomic():
        Account.locked(account_id)
        member = _active_member(account_id, member_id)
        domain.check_touchable(member.roles, grants)
        if domain.ADMINISTRATOR in member.roles:
            _check_another_administrator(member)
        sessions.end_sessions_of(member, domain.REMOVED)
        assignments.free_seats_of(member)
        addresses.drop_address_change(member)
        member.state, member.removed_at = domain.REMOVED, clock.now()
        member.save(only=[Member.state, Member.removed_at])
        outbox.add(events.member_removed(member))


def _active_member(account_id: str, member_id: str) -> Member:
    """The member; refused when there is none in the account, or when they were removed."""
    member = Member.of_account(account_id, member_id)
    member.check_active()
    return member


def _check_another_administrator(member: Member) -> None:
    others = (Member.account == member.account_id) & (Member.id != member.id) & (Member.state == domain.ACTIVE)
    if not Member.select().where(others & Member.roles.contains([domain.ADMINISTRATOR])).exists():
        refuse("last-administrator", "At least one administrator remains.")
