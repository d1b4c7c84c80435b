"""What stands behind an activation code, and on which devices licenses are active."""

from typing import Any

from entitlements import domain
from entitlements.models import GRANTED, IN_USE, LIVE, Account, Assignment, Device, License, Member, PlanVersion
from kit.errors import refuse

LISTED = 100


def activation_of(account_id: str, license_id: str) -> Assignment:
    """Whoever holds the license now; refused when nobody does."""
    here = (Assignment.license == license_id) & (Assignment.account == account_id) & LIVE
    found: Assignment | None = Assignment.get_or_none(here)
    return found or refuse("license-not-assigned", "Nobody holds this license.", status=404)


def devices(account_id: str, member_id: str) -> list[Device]:
    """Those of the licenses that the member holds: in use, oldest first, then released ones, the last first."""
    Member.of_account(account_id, member_id)
    here = (Assignment.account == account_id) & (Assignment.member == member_id) & LIVE
    chosen = Device.select(Device, Assignment).join(Assignment).where(here)
    return list(chosen.order_by(IN_USE.desc(), Device.released_at.desc(), Device.activated_at).limit(LISTED))


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
