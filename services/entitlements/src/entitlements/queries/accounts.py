"""An account, its domains, and the memberships behind an e-mail address."""

from typing import Any

from entitlements import domain
from entitlements.models import Account, Domain, Member


def account(account_id: str) -> Account:
    found: Account | None = Account.get_or_none(Account.id == account_id)
    return found or Account.unknown(account_id)


def domains(account_id: str) -> list[Domain]:
    return list(Domain.select().where(Domain.account == account_id).order_by(Domain.domain))


def sign_ins(email: str) -> list[dict[str, Any]]:
    """Every account in which the address may sign in; nothing for an unknown one."""
    here = (Member.email == email) & (Member.state == domain.ACTIVE)
    found = Member.select(Member, Account).join(Account).where(here).order_by(Account.name, Account.id)
    return [
        {
            "account_id": member.account_id,
            "account_name": member.account.name,
            "member_id": member.id,
            "name": member.name,
            "email": member.email,
            "locale": member.locale,
            "counter": member.sign_in_counter,
        }
        for member in found
    ]
