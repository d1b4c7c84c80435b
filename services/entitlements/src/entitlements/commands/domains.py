"""Which mail domains an account may add people from."""

import peewee

from entitlements import domain, events
from entitlements.models import Account, AllowedAddress, Domain
from kit import clock, db, outbox
from kit.errors import not_found, refuse


def add_domain(account_id: str, name: str) -> Domain:
    """Name a domain as the account's own; it counts once it is approved. The same again changes nothing."""
    if name in domain.PUBLIC_MAIL_DOMAINS:
        refuse("domain-public", f"Everybody can have an address at {name}.", status=422, domain=name)
    with db.atomic():
        account = Account.locked(account_id)
        known = _find(account_id, name)
        if known is not None:
            return known
        added = Domain.create(account=account, domain=name)
        outbox.add(events.domain_added(account_id, name))
        return added


def approve_domain(account_id: str, name: str) -> Domain:
    """Let people of the domain in; refused while another account holds it approved."""
    with db.atomic():
        Account.locked(account_id)
        found = _find(account_id, name) or not_found("domain", domain=name)
        if found.state == domain.APPROVED:
            return found
        found.state, found.approved_at = domain.APPROVED, clock.now()
        try:
            with db.atomic():
                found.save()
        except peewee.IntegrityError:  # only the table sees what another account does at the same time
            refuse("domain-taken", f"Another account holds {name}.", domain=name)
        outbox.add(events.domain_approved(account_id, name))
        return found


def remove_domain(account_id: str, name: str) -> None:
    """Nobody new comes from the domain; who is there stays."""
    with db.atomic():
        Account.locked(account_id)
        found = _find(account_id, name) or not_found("domain", domain=name)
        found.delete_instance()
        outbox.add(events.domain_removed(account_id, name))


def check_address(account_id: str, email: str) -> None:
    """Refuse an address that is neither of an approved domain of the account nor allowed by itself."""
    name = domain.domain_of(email)
    found = _find(account_id, name)
    if found is not None and found.state == domain.APPROVED:
        return
    allowed = (AllowedAddress.account == account_id) & (AllowedAddress.email == email)
    if not AllowedAddress.select().where(allowed).exists():
        refuse("domain-not-approved", f"{name} is not an approved domain of the account.", domain=name)


def _find(account_id: str, name: str) -> Domain | None:
    found: Domain | None = Domain.get_or_none(Domain.account == account_id, Domain.domain == name)
    return found
