"""Activating a license on a device: the code is the secret, the answer a short-lived signed token."""

from typing import NamedTuple

from entitlements import domain, events
from entitlements.models import GRANTED, LIVE, Account, Assignment, Device, License, PlanVersion
from kit import auth, clock, context, db, outbox
from kit.errors import refuse

AUDIENCE = "activation"
TOKEN_LASTS = 24 * 3600  # seconds


class Activated(NamedTuple):
    assignment: Assignment
    token: str


def activate_license(code: str, device_id: str, device_name: str, signer: auth.Signer) -> Activated:
    """Let the device use the license; the same device again only gets a new token."""
    code = domain.typed_code(code)
    with db.atomic():
        Account.locked(_live(code).account_id)
        assignment = _live(code)
        with context.acting(context.current()._replace(actor=f"member:{assignment.member_id}")):
            _add_device(assignment, device_id, device_name)
    token = signer.token(
        assignment.member_id,
        aud=AUDIENCE,
        lasts=TOKEN_LASTS,
        account=assignment.account_id,
        plan=assignment.plan,
        device=device_id,
    )
    return Activated(assignment, token)


def _live(code: str) -> Assignment:
    """Read once to know the account and again under its lock; an ended assignment's code is dead."""
    found: Assignment | None = (
        Assignment.select(Assignment, License.id, PlanVersion.features)
        .join(License)
        .join(PlanVersion, on=GRANTED, attr="granted")
        .where((Assignment.code == code) & LIVE)
        .first()
    )
    return found or domain.code_unknown()


def _add_device(assignment: Assignment, device_id: str, device_name: str) -> None:
    known = [device.device_id for device in Device.select().where(Device.assignment == assignment.id)]
    if device_id in known:
        return
    most = assignment.license.granted.features.get(domain.DEVICES_FEATURE, domain.DEVICES_DEFAULT)
    if len(known) >= most:
        refuse("too-many-devices", f"The license is active on {len(known)} devices already.", limit=most)
    device = Device.create(assignment=assignment, device_id=device_id, name=device_name)
    if assignment.activated_at is None:
        assignment.activated_at = clock.now()
        assignment.save(only=[Assignment.activated_at])
    outbox.add(events.license_activated(assignment, device))
