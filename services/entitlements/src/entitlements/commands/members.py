"""People of an account: add, change, remove."""

from typing import Any

from entitlements import domain, events
from entitlements.commands import assignments, domains
from entitlements.models import Account, Member
from kit import clock, db, outbox
from kit.errors import Forbidden, refuse

MAY_GIVE_ROLES = frozenset(("roles",))
# Not the counter: a sign-in, which does not lock the account, would be undone and its link work once more.
CHANGED = (Member.name, Member.email, Member.known_as, Member.locale, Member.roles)


def add_member(account_id: str, person: dict[str, Any], grants: frozenset[str] = MAY_GIVE_ROLES) -> Member:
    """Add {email, name, locale or None, roles}; `grants` are the caller's."""
    with db.atomic():
        account = Account.locked(account_id)
        if domain.privileged(person["roles"]):
            _need_roles(grants)
        domains.check_address(account_id, person["email"])
        _check_unused(account_id, person["email"])
        locale = person.get("locale") or account.locale
        member = Member(id=clock.new_id(), account=account, roles=sorted(set(person["roles"])), locale=locale)
        member.name_anew(person["name"], person["email"])
        member.save(force_insert=True)
        outbox.add(events.member_added(member))
        return member


def change_member(account_id: str, member_id: str, changes: dict[str, Any], grants: frozenset[str]) -> Member:
    """Set name, e-mail, locale or roles. The seat stays whatever changes; one administrator remains."""
    with db.atomic():
        Account.locked(account_id)
        member = _active_member(account_id, member_id)
        roles = sorted(set(changes.get("roles", member.roles)))
        email = changes.get("email", member.email)
        if roles != member.roles or (email != member.email and domain.privileged(member.roles)):
            _need_roles(grants)
        if email != member.email:
            domains.check_address(account_id, email)
            _check_unused(account_id, email)
        if domain.ADMINISTRATOR in set(member.roles) - set(roles):
            _check_another_administrator(member)
        before = events.member_changed(member)
        member.name_anew(changes.get("name", member.name), email)
        member.locale, member.roles = changes.get("locale", member.locale), roles
        if events.member_changed(member) != before:
            member.save(only=CHANGED)
            outbox.add(events.member_changed(member))
        return member


def remove_member(account_id: str, member_id: str, grants: frozenset[str]) -> None:
    """The person leaves; their seats are free in the same moment. Their address may be used anew."""
    with db.atomic():
        Account.locked(account_id)
        member = _active_member(account_id, member_id)
        if domain.privileged(member.roles):
            _need_roles(grants)
        if domain.ADMINISTRATOR in member.roles:
            _check_another_administrator(member)
        assignments.free_seats_of(member)
        member.state, member.removed_at = domain.REMOVED, clock.now()
        member.save(only=[Member.state, Member.removed_at])
        outbox.add(events.member_removed(member))


def _active_member(account_id: str, member_id: str) -> Member:
    """The member; refused when there is none in the account, or when they were removed."""
    member = Member.of_account(account_id, member_id)
    member.check_active()
    return member


def _need_roles(grants: frozenset[str]) -> None:
    if "roles" not in grants:
        raise Forbidden("permission-missing", "Only who may give roles may do this.", needs=["roles"])


def _check_unused(account_id: str, email: str) -> None:
    taken = (Member.account == account_id) & (Member.email == email) & (Member.state == domain.ACTIVE)
    if Member.select().where(taken).exists():
        refuse("email-taken", f"{email} belongs to a member already.", email=email)


def _check_another_administrator(member: Member) -> None:
    others = (Member.account == member.account_id) & (Member.id != member.id) & (Member.state == domain.ACTIVE)
    if not Member.select().where(others & Member.roles.contains([domain.ADMINISTRATOR])).exists():
        refuse("last-administrator", "At least one administrator remains.")
