"""Opening an account with its first administrator, and changing its details."""

from typing import Any

from entitlements import domain, events
from entitlements.commands import domains, members
from entitlements.models import Account, AllowedAddress, Member
from kit import db, outbox
from kit.errors import Forbidden

NEW_DEVICE_MAIL = "new_device_mail"


def open_account(details: dict[str, Any], first_administrator: dict[str, Any]) -> tuple[Account, Member]:
    """An operator's act: it also approves the domain of the administrator's address, or that address
    alone when the domain is a public mail domain."""
    mail_domain = domain.domain_of(first_administrator["email"])
    with db.atomic():
        account = Account.create(**details)
        outbox.add(events.account_opened(account))
        if mail_domain in domain.PUBLIC_MAIL_DOMAINS:
            AllowedAddress.create(account=account, email=first_administrator["email"])
        else:
            domains.add_domain(account.id, mail_domain)
            domains.approve_domain(account.id, mail_domain)
        member = members.add_member(account.id, {**first_administrator, "roles": [domain.ADMINISTRATOR]})
        return account, member


def change_account(account_id: str, changes: dict[str, Any], grants: frozenset[str]) -> Account:
    """Set name, locale, time_zone, address or new_device_mail; no event when all is the same already.

    Mails about new devices protect people, so only callers who may give roles turn them off.
    """
    if changes.keys() - {NEW_DEVICE_MAIL} and "billing" not in grants:
        raise Forbidden("permission-missing", "The account's details need billing.", needs=["billing"])
    with db.atomic():
        account = Account.locked(account_id)
        if changes.get(NEW_DEVICE_MAIL, account.mails_new_devices) != account.mails_new_devices:
            domain.need_roles(grants)
        if any(getattr(account, field) != value for field, value in changes.items()):
            for field, value in changes.items():
                setattr(account, field, value)
            account.save()
            outbox.add(events.account_changed(account))
        return account
