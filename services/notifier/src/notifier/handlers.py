"""What the notifier listens to: every event of an account becomes activity; some also a mail, or a copy."""

from collections.abc import Iterable
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from kit import clock
from kit.cursors import Arrived, Handler, Handlers
from notifier import commands, domain
from notifier.models import Account, Member, MemberName, Notice, Plan


class View(Schema):
    """What we need of somebody's event; the rest of it is none of our business."""

    class Meta:
        unknown = EXCLUDE


class Words(View):
    en = fields.String(required=True)
    fr = fields.String(required=True)


class PlanPublished(View):
    plan = fields.String(required=True)
    name = fields.Nested(Words, required=True)
    install = fields.Nested(Words, required=True)


class AccountDescribed(View):
    name = fields.String(required=True)
    locale = fields.String(required=True)
    new_device_mail = fields.Boolean(load_default=None, allow_none=True)


class MemberDescribed(View):
    member_id = fields.String(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    locale = fields.String(load_default=None, allow_none=True)


class MemberChanged(MemberDescribed):
    changed = fields.Dict(load_default=dict)


class AddressRequested(View):
    change_id = fields.String(required=True)
    member_id = fields.String(required=True)
    email = fields.String(required=True)
    new_email = fields.String(required=True)
    expires_at = fields.String(required=True)


class SignedIn(View):
    id = fields.String(required=True)
    email = fields.String(required=True)


class SessionStarted(View):
    member = fields.Nested(SignedIn, required=True)
    device = fields.String(load_default=None, allow_none=True)
    address = fields.String(load_default=None, allow_none=True)
    new_device = fields.Boolean(load_default=False)


class MemberRemoved(View):
    member_id = fields.String(required=True)


class Line(View):
    plan = fields.String(required=True)
    seats = fields.Integer(required=True)
    unit_amount = fields.Integer(required=True)
    amount = fields.Integer(required=True)


class Tax(View):
    name = fields.String(load_default=None, allow_none=True)
    amount = fields.Integer(required=True)


class Term(View):
    start = fields.String(required=True)
    end = fields.String(required=True)


class Payment(View):
    last4 = fields.String(load_default=None, allow_none=True)


class OrderPaid(View):
    number = fields.Raw(required=True)
    currency = fields.String(required=True)
    lines = fields.List(fields.Nested(Line), required=True)
    subtotal = fields.Integer(required=True)
    taxes = fields.List(fields.Nested(Tax), load_default=list)
    total = fields.Integer(required=True)
    placed_by = fields.String(load_default=None, allow_none=True)
    term = fields.Nested(Term, load_default=None, allow_none=True)
    payment = fields.Nested(Payment, load_default=None, allow_none=True)


class LicenseAssigned(View):
    license_id = fields.String(required=True)
    assignment_id = fields.String(required=True)
    member_id = fields.String(required=True)
    plan = fields.String(required=True)
    activated = fields.Boolean(load_default=False)


class LicenseReminded(View):
    license_id = fields.String(required=True)
    assignment_id = fields.String(required=True)
    member_id = fields.String(required=True)
    plan = fields.String(required=True)
    activated = fields.Boolean(required=True)


class LicenseUnassigned(View):
    assignment_id = fields.String(required=True)


def on_plan_published(_event: Arrived, told: dict[str, Any]) -> None:
    Plan.insert(code=told["plan"], name=told["name"], install=told["install"]).on_conflict(
        conflict_target=[Plan.code], preserve=[Plan.name, Plan.install]
    ).execute()


def on_account_described(event: Arrived, told: dict[str, Any]) -> None:
    Account.insert(id=event.subject, **told).on_conflict(
        conflict_target=[Account.id], preserve=[Account.name, Account.locale, Account.new_device_mail]
    ).execute()


def on_member_described(event: Arrived, told: dict[str, Any]) -> None:
    described = {"email": told["email"], "name": told["name"], "locale": told["locale"], "removed_at": None}
    Member.insert(id=told["member_id"], account=event.subject, **described).on_conflict(
        conflict_target=[Member.id], update=described
    ).execute()
    since = {"since": event.time, "name": told["name"], "email": told["email"]}
    MemberName.insert(id=event.id, member=told["member_id"], **since).on_conflict_ignore().execute()


def on_member_changed(event: Arrived, told: dict[str, Any]) -> None:
    """Write to the former address about a new one, and to the person about their roles."""
    on_member_described(event, told)
    former, now = _before_and_after(told["changed"], "email")
    if former and now:
        data = {"to": former, "email": former, "new_email": now}
        commands.queue_notice(domain.ADDRESS_CHANGED, event, told["member_id"], data)
    before, after = ({*map(str, roles or ())} for roles in _before_and_after(told["changed"], "roles"))
    granted, withdrawn = (sorted(roles - {domain.MEMBER_ROLE}) for roles in (after - before, before - after))
    if granted or withdrawn:
        roles_changed = {"given": granted, "taken": withdrawn}
        commands.queue_notice(domain.ROLES_CHANGED, event, told["member_id"], roles_changed)


def _before_and_after(changed: dict[str, Any], field: str) -> tuple[Any, Any]:
    match changed.get(field):
        case [before, after]:
            return before, after
    return None, None


def on_address_requested(event: Arrived, told: dict[str, Any]) -> None:
    """Ask the new address for its confirmation, and warn the one that the person has."""
    for kind, to in ((domain.ADDRESS_CONFIRMATION, "new_email"), (domain.ADDRESS_REQUESTED, "email")):
        commands.queue_notice(kind, event, told["member_id"], {**told, "to": told[to]})


def on_session_started(event: Arrived, told: dict[str, Any]) -> None:
    """Warn the person when the device is new, unless the account wants no such mails."""
    if not told["new_device"]:
        return
    account: Account | None = Account.get_or_none(Account.id == event.subject)
    if account is None or account.new_device_mail is not False:
        data = {**told, "time": clock.to_text(event.time)}
        commands.queue_notice(domain.NEW_DEVICE, event, told["member"]["id"], data)


def on_member_removed(event: Arrived, told: dict[str, Any]) -> None:
    Member.update(removed_at=event.time).where(Member.id == told["member_id"]).execute()


def on_order_paid(event: Arrived, told: dict[str, Any]) -> None:
    if told["placed_by"] is not None:
        commands.queue_notice(domain.ORDER_PAID, event, told["placed_by"], told)


def on_license_assigned(event: Arrived, told: dict[str, Any]) -> None:
    commands.queue_notice(
        domain.LICENSE_ASSIGNED, event, told["member_id"], told, assignment_id=told["assignment_id"]
    )


def on_license_reminded(event: Arrived, payload: dict[str, Any]) -> None:
    data = {**payload, "again": True}
    commands.queue_notice(
        domain.LICENSE_ASSIGNED, event, data["member_id"], data, assignment_id=data["assignment_id"]
    )


def on_license_unassigned(_event: Arrived, told: dict[str, Any]) -> None:
    commands.drop_notices(Notice.assignment == told["assignment_id"], "no longer assigned")


def on_anything(_event: Arrived, _told: Any) -> None:
    """Only the activity log has it."""


def logged(handlers: dict[str, Handler]) -> dict[str, Handler]:
    """Every event of a source about accounts becomes a row of the activity log, whatever else it does."""
    everything = {"*": Handler(None, on_anything), **handlers}
    return {type: one._replace(first=commands.note_activities) for type, one in everything.items()}


HANDLERS: Handlers = {
    "catalog": {"plan.published": Handler(PlanPublished(), on_plan_published)},
    "orders": logged({"order.paid": Handler(OrderPaid(), on_order_paid)}),
    "entitlements": logged(
        {
            "account.opened": Handler(AccountDescribed(), on_account_described),
            "account.changed": Handler(AccountDescribed(), on_account_described),
            "member.added": Handler(MemberDescribed(), on_member_described),
            "member.changed": Handler(MemberChanged(), on_member_changed),
            "member.address-requested": Handler(AddressRequested(), on_address_requested),
            "session.started": Handler(SessionStarted(), on_session_started),
            "member.removed": Handler(MemberRemoved(), on_member_removed),
            "license.assigned": Handler(LicenseAssigned(), on_license_assigned),
            "license.reminded": Handler(LicenseReminded(), on_license_reminded),
            "license.unassigned": Handler(LicenseUnassigned(), on_license_unassigned),
        }
    ),
}


def of_products(names: Iterable[str]) -> Handlers:
    """Products tell what people do with them: activity of the account, and nothing more to us."""
    return {name: logged({}) for name in names}
