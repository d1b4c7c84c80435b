"""Activating a license on devices and releasing them; the answer is a short-lived signed token."""

from typing import Any, NamedTuple

import peewee

from entitlements import domain, events
from entitlements.models import (
    GRANTED,
    IN_USE,
    LIVE,
    RESTRICTED,
    STATUS,
    Account,
    Assignment,
    Device,
    License,
    Member,
    PlanVersion,
    Restriction,
)
from kit import auth, clock, context, db, outbox
from kit.errors import not_found, refuse

AUDIENCE = "activation"
TOKEN_LASTS = 24 * 3600  # seconds


class Activated(NamedTuple):
    assignment: Assignment
    token: str


def activate_license(code: str, device: dict[str, str], signer: auth.Signer) -> Activated:
    """Let the device {id, name} use the license whose code its holder typed. The same device again only gets a
    new token, and a released one gets none: who released it did not want it back."""
    code = domain.typed_code(code)
    account_id = _of_code(code).account_id
    with db.atomic():
        Account.locked(account_id)
        assignment = _of_code(code)
        with context.acting(context.current()._replace(actor=f"member:{assignment.member_id}")):
            _let_in(assignment, device, released_too=False)
    return _activated(assignment, device["id"], signer)


def activate_device(
    account_id: str, member_id: str, plan: str, device: dict[str, str], signer: auth.Signer
) -> Activated:
    """Let the device use the plan that the member holds, released or not: the word of somebody signed in, the
    member or an administrator, who needs no code."""
    with db.atomic():
        Account.locked(account_id)
        Member.of_account(account_id, member_id)
        held = (Assignment.account == account_id) & (Assignment.member == member_id) & (Assignment.plan == plan)
        assignment = _live().where(held).first()
        if assignment is None:
            refuse("license-not-held", f"The member holds no license of {plan}.", plan=plan)
        _let_in(assignment, device, released_too=True)
    return _activated(assignment, device["id"], signer)


def release_device(account_id: str, member_id: str, device_id: str) -> None:
    """Give the device's place to another one; its token ends by itself and is not renewed."""
    with db.atomic():
        Account.locked(account_id)
        known = [device for device in _devices_of(account_id, member_id) if device.id == device_id]
        _release(known or not_found("device", device_id=device_id))


def release_devices(account_id: str, member_id: str, plan: str) -> None:
    """All devices of the member, or those of one plan: nothing of it is active any more."""
    with db.atomic():
        Account.locked(account_id)
        Member.of_account(account_id, member_id)
        found = _devices_of(account_id, member_id)
        _release([device for device in found if plan in ("", device.assignment.plan)])


def _live() -> Any:
    return (
        Assignment.select(Assignment, License.id, PlanVersion.features, STATUS)
        .join(License)
        .join(PlanVersion, on=GRANTED, attr="granted")
        .switch(License)
        .join(Restriction, peewee.JOIN.LEFT_OUTER, on=RESTRICTED, attr="restriction")
        .where(LIVE)
    )


def _of_code(code: str) -> Assignment:
    """Read once to know the account and again under its lock; an ended assignment's code is dead."""
    found: Assignment | None = _live().where(Assignment.code == code).first()
    return found or domain.code_unknown()


def _devices_of(account_id: str, member_id: str) -> list[Device]:
    here = (Assignment.account == account_id) & (Assignment.member == member_id) & LIVE & IN_USE
    return list(Device.select(Device, Assignment).join(Assignment).where(here).order_by(Device.activated_at))


def _let_in(assignment: Assignment, device: dict[str, str], *, released_too: bool) -> None:
    if assignment.status == domain.SUSPENDED:
        refuse("license-suspended", "The license is suspended; its devices go on when it is restored.")
    devices = {known.device_id: known for known in Device.select().where(Device.assignment == assignment.id)}
    known = devices.get(device["id"])
    if known is not None and known.released_at is None:
        return
    if known is not None and not released_too:
        refuse("device-released", "The device was released; its holder lets it in again on their own page.")
    in_use = sum(one.released_at is None for one in devices.values())
    most = assignment.license.granted.features.get(domain.DEVICES_FEATURE, domain.DEVICES_DEFAULT)
    if in_use >= most:
        refuse("too-many-devices", f"The license is active on {in_use} devices already.", limit=most)
    fresh = Device(assignment=assignment, device_id=device["id"], name=device["name"], released_at=None)
    fresh.save(force_insert=known is None)
    if assignment.activated_at is None:
        assignment.activated_at = fresh.activated_at
        assignment.save(only=[Assignment.activated_at])
    outbox.add(events.license_activated(assignment, fresh))


def _release(devices: list[Device]) -> None:
    """A license that is on no device is not activated any more: its holder is asked to activate again."""
    for device in devices:
        device.released_at = clock.now()
        device.save(only=[Device.released_at])
        assignment = device.assignment
        if not Device.select().where((Device.assignment == assignment.id) & IN_USE).exists():
            assignment.activated_at = None
            assignment.save(only=[Assignment.activated_at])
        outbox.add(events.license_deactivated(assignment, device))


def _activated(assignment: Assignment, device_id: str, signer: auth.Signer) -> Activated:
    token = signer.token(
        assignment.member_id,
        aud=AUDIENCE,
        lasts=TOKEN_LASTS,
        account=assignment.account_id,
        plan=assignment.plan,
        device=device_id,
    )
    return Activated(assignment, token)
