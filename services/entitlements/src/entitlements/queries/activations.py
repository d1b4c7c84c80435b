"""What stands behind an activation code."""

from typing import Any

from entitlements import domain
from entitlements.models import GRANTED, LIVE, Account, Assignment, License, Member, PlanVersion
from kit.errors import refuse


def activation_of(account_id: str, license_id: str) -> Assignment:
    """Whoever holds the license now; refused when nobody does."""
    here = (Assignment.license == license_id) & (Assignment.account == account_id) & LIVE
    found: Assignment | None = Assignment.get_or_none(here)
    return found or refuse("license-not-assigned", "Nobody holds this license.", status=404)


def code_described(code: str) -> dict[str, Any]:
    """Whose code this is, of what, and how to install it."""
    found = (
        Assignment.select(Assignment, Account.name, Account.time_zone, Member, License.id, PlanVersion.install)
        .join_from(Assignment, Account)
        .join_from(Assignment, Member)
        .join_from(Assignment, License)
        .join(PlanVersion, on=GRANTED, attr="granted")
        .where((Assignment.code == domain.typed_code(code)) & LIVE)
        .first()
    )
    if found is None:
        domain.code_unknown()
    return {
        "account_name": found.account.name,
        "account_time_zone": found.account.time_zone,
        "member": found.member,
        "plan": found.plan,
        "install": found.license.granted.install,
        "activated_at": found.activated_at,
    }
