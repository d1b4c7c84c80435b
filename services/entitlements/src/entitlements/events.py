"""What entitlements announces; the subject of its streams is the account."""

from typing import Any

from entitlements.domain import Holding, Seats, Taker
from entitlements.models import Account, AddressChange, Assignment, Device, Member, Parking, Pool, Session
from kit import clock
from kit.outbox import Event


def account_opened(account: Account) -> Event:
    return Event("account.opened", account.id, _account(account))


def account_changed(account: Account) -> Event:
    return Event("account.changed", account.id, _account(account))


def _account(account: Account) -> dict[str, Any]:
    told = ("name", "locale", "time_zone", "currency", "address")
    described = {field: getattr(account, field) for field in told}
    return {**described, "new_device_mail": account.mails_new_devices}


def member_added(member: Member) -> Event:
    return Event("member.added", member.account_id, described(member))


def member_changed(member: Member, former: dict[str, Any] | None = None) -> Event:
    """Build the event; `former` is what `described` returned before the change, if anything changed."""
    now = described(member)
    if former is None:
        return Event("member.changed", member.account_id, now)
    changed = {field: [former[field], now[field]] for field in now if former[field] != now[field]}
    return Event("member.changed", member.account_id, {**now, "changed": changed})


def member_removed(member: Member) -> Event:
    return Event("member.removed", member.account_id, {"member_id": member.id})


def described(member: Member) -> dict[str, Any]:
    """Return what events say of a member."""
    fields = ("email", "name", "locale", "roles", "state")
    return {"member_id": member.id, **{field: getattr(member, field) for field in fields}}


def member_address_requested(member: Member, change: AddressChange) -> Event:
    """Build the event without the link's token, which is a secret."""
    deadline = {"expires_at": clock.to_text(change.expires_at)}
    return Event("member.address-requested", member.account_id, {**_address_change(member, change), **deadline})


def member_address_canceled(member: Member, change: AddressChange) -> Event:
    return Event("member.address-canceled", member.account_id, _address_change(member, change))


def _address_change(member: Member, change: AddressChange) -> dict[str, Any]:
    return {
        "change_id": change.id,
        "member_id": member.id,
        "name": member.name,
        "email": member.email,
        "new_email": change.email,
    }


def session_started(member: Member, session: Session, *, new_device: bool) -> Event:
    """Build the event; `new_device`: the member signed in before, and never with this browser."""
    data = {
        "session_id": session.id,
        "member": _person(member),
        "device": session.device,
        "address": session.address,
        "new_device": new_device,
        "method": session.method,
    }
    return Event("session.started", member.account_id, data)


def session_ended(member: Member, session: Session | None, reason: str) -> Event:
    """Build the event; without a session, all of the member's ended."""
    data = {"session_id": session and session.id, "member": _person(member), "reason": reason}
    return Event("session.ended", member.account_id, data)


def session_refused(member: Member, reason: str) -> Event:
    return Event("session.refused", member.account_id, {"member": _person(member), "reason": reason})


def permission_refused(member: Member, route: str, needed: list[str]) -> Event:
    data = {"member": _person(member), "route": route, "needed": needed}
    return Event("permission.refused", member.account_id, data)


def _person(member: Member) -> dict[str, str]:
    """The member as they are named now; a later name does not move the blame."""
    return {"id": member.id, "email": member.email, "name": member.name}


def domain_added(account_id: str, domain: str) -> Event:
    return Event("domain.added", account_id, {"domain": domain})


def domain_approved(account_id: str, domain: str) -> Event:
    return Event("domain.approved", account_id, {"domain": domain})


def domain_removed(account_id: str, domain: str) -> Event:
    return Event("domain.removed", account_id, {"domain": domain})


def license_issued(account_id: str, order: dict[str, Any], line: dict[str, Any], pool: Seats) -> Event:
    bought = {"line": line["line"], "plan": line["plan"], "interval": order["interval"], "seats": line["seats"]}
    return Event(
        "license.issued", account_id, {"order_id": order["order_id"], **bought, "pool": pool.described()}
    )


def license_assigned(holding: Holding, taker: Taker, grant: dict[str, Any], pool: Seats) -> Event:
    """`grant`: the rank of the plan, how the license stands, its features."""
    data = {
        "license_id": holding.license_id,
        "assignment_id": holding.id,
        "member_id": taker.id,
        "email": taker.email,
        "name": taker.name,
        "plan": holding.plan,
        **grant,
        "activated": holding.activated_at is not None,
        "pool": pool.described(),
    }
    return Event("license.assigned", holding.account_id, data)


def license_changed(assignment: Assignment) -> Event:
    return Event("license.changed", assignment.account_id, _granted(assignment))


def license_suspended(assignment: Assignment) -> Event:
    return Event("license.suspended", assignment.account_id, _granted(assignment))


def license_restored(assignment: Assignment) -> Event:
    return Event("license.restored", assignment.account_id, _granted(assignment))


def _granted(assignment: Assignment) -> dict[str, Any]:
    """Of an assignment to which a query attached what it grants."""
    return {
        "license_id": assignment.license_id,
        "assignment_id": assignment.id,
        "member_id": assignment.member_id,
        "plan": assignment.plan,
        "rank": assignment.rank,
        "status": assignment.status,
        "features": assignment.features,
    }


def license_reminded(assignment: Assignment) -> Event:
    data = {
        "license_id": assignment.license_id,
        "assignment_id": assignment.id,
        "member_id": assignment.member_id,
        "plan": assignment.plan,
        "activated": assignment.activated_at is not None,
    }
    return Event("license.reminded", assignment.account_id, data)


def license_unassigned(assignment: Assignment, pool: Seats) -> Event:
    data = {
        "license_id": assignment.license_id,
        "assignment_id": assignment.id,
        "member_id": assignment.member_id,
        "plan": assignment.plan,
        "reason": assignment.end_reason,
        "pool": pool.described(),
    }
    return Event("license.unassigned", assignment.account_id, data)


def license_activated(assignment: Assignment, device: Device) -> Event:
    return Event("license.activated", assignment.account_id, _device(assignment, device))


def license_deactivated(assignment: Assignment, device: Device) -> Event:
    """`activated`: whether the license is still active on another device."""
    still = {"activated": assignment.activated_at is not None}
    return Event("license.deactivated", assignment.account_id, {**_device(assignment, device), **still})


def _device(assignment: Assignment, device: Device) -> dict[str, Any]:
    return {
        "license_id": assignment.license_id,
        "member_id": assignment.member_id,
        "plan": assignment.plan,
        "device": {"id": device.device_id, "name": device.name},
    }


def seats_parked(parking: Parking, seats: int, parked: int, pool: Seats) -> Event:
    return Event("seats.parked", parking.account_id, _parking(parking, seats, parked, pool))


def seats_unparked(parking: Parking, seats: int, parked: int, pool: Seats) -> Event:
    return Event("seats.unparked", parking.account_id, _parking(parking, seats, parked, pool))


def seats_counted(pool: Pool) -> Event:
    what = {"plan": pool.plan, "interval": pool.interval, "parked": pool.parked}
    total = Pool.of_plan(pool.account_id, pool.plan)
    return Event("seats.counted", pool.account_id, {**what, "pool": total.described()})


def _parking(parking: Parking, seats: int, parked: int, pool: Seats) -> dict[str, Any]:
    """`parked` is the count after the change, of this plan and interval: what a renewal leaves out."""
    what = {"parking_id": parking.id, "plan": parking.plan, "interval": parking.interval}
    return {**what, "seats": seats, "parked": parked, "pool": pool.described()}
