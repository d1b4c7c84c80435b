"""What we listen to: plans from the catalog; accounts, issued licenses and parked seats from entitlements."""

from typing import Any

import structlog
from marshmallow import EXCLUDE, Schema, fields

from kit import clock, db, outbox
from kit.cursors import Arrived, Handler, Handlers
from kit.db import given
from kit.errors import NotYet
from orders import domain, events
from orders.models import Account, IssuedLine, Order, Plan, PlanVersion, Subscription, SubscriptionItem

log = structlog.get_logger()


class View(Schema):
    """What we need of somebody's event; the rest of it is none of our business."""

    class Meta:
        unknown = EXCLUDE


class Price(View):
    currency = fields.String(required=True)
    interval = fields.String(required=True)
    unit_amount = fields.Integer(required=True)


class PlanPublished(View):
    plan = fields.String(required=True)
    version = fields.Integer(required=True)
    rank = fields.Integer(required=True)
    name = fields.Dict(required=True)
    summary = fields.Dict(required=True)
    features = fields.Dict(required=True)
    prices = fields.List(fields.Nested(Price), required=True)
    minimum_quantity = fields.Integer(load_default=1)
    effective_from = fields.Date(required=True)


class PlanRetired(View):
    plan = fields.String(required=True)
    successor = fields.String(load_default=None, allow_none=True)


class AccountDescribed(View):
    name = fields.String(required=True)
    locale = fields.String(required=True)
    time_zone = fields.String(required=True)
    currency = fields.String(required=True)


class LicenseIssued(View):
    order_id = fields.UUID(required=True)
    line = fields.Integer(required=True)


class SeatsParked(View):
    plan = fields.String(required=True)
    interval = fields.String(required=True)
    parked = fields.Integer(required=True)


_LOCKED = db.Statement(lambda: db.locked(Account.select(Account.id).where(Account.id == given(Account.id))))
_ORDER = db.Statement(
    Order.select().where((Order.id == given(Order.id)) & (Order.account == given(Order.account)))
)
_NOTE_ISSUED = db.Statement(
    IssuedLine.insert(order=given(IssuedLine.order), line=given(IssuedLine.line)).on_conflict_ignore()
)
_ISSUED = db.Statement(IssuedLine.select(IssuedLine.line).where(IssuedLine.order == given(IssuedLine.order)))
_FULFILL = db.Statement(
    Order.update(status=given(Order.status), fulfilled_at=given(Order.fulfilled_at)).where(
        Order.id == given(Order.id)
    )
)


def on_plan_published(_event: Arrived, told: dict[str, Any]) -> None:
    """The next version of a plan, which may have been retired before."""
    code, version, rank = told.pop("plan"), told.pop("version"), told.pop("rank")
    effective_from = told.pop("effective_from").isoformat()
    anew = {Plan.retired: False, Plan.successor: None}
    Plan.insert(code=code).on_conflict(conflict_target=[Plan.code], update=anew).execute()
    row = {"rank": rank, "effective_from": effective_from, "content": told}
    PlanVersion.insert(plan=code, version=version, **row).on_conflict(
        conflict_target=[PlanVersion.plan, PlanVersion.version], update=row
    ).execute()


def on_plan_retired(_event: Arrived, told: dict[str, Any]) -> None:
    retired = {"retired": True, "successor": told["successor"]}
    Plan.insert(code=told["plan"], **retired).on_conflict(conflict_target=[Plan.code], update=retired).execute()


def on_account_described(event: Arrived, told: dict[str, Any]) -> None:
    """account.opened and account.changed carry the whole account."""
    if not domain.time_zone_known(told["time_zone"]):
        log.warning("time_zone_unknown", account=event.subject, time_zone=told["time_zone"])
        told = {**told, "time_zone": "UTC"}
    Account.insert(id=event.subject, **told).on_conflict(conflict_target=[Account.id], update=told).execute()


def on_license_issued(event: Arrived, told: dict[str, Any]) -> None:
    """An order is fulfilled once the licenses of every line are there."""
    _lock_account(event)
    found = _ORDER(id=told["order_id"], account=event.subject)
    if not found:
        log.warning("issued_for_unknown_order", order=str(told["order_id"]), account=event.subject)
        return
    [order] = found
    _NOTE_ISSUED(order=order.id, line=told["line"])
    issued = {row.line for row in _ISSUED(order=order.id)}
    if order.status == domain.PAID and issued >= {line["line"] for line in order.lines}:
        _FULFILL(id=order.id, status=domain.moved(order.status, domain.FULFILLED), fulfilled_at=clock.now())
        outbox.add(events.order_fulfilled(Order(**order._asdict())))


def on_seats_parked(event: Arrived, told: dict[str, Any]) -> None:
    """seats.parked, seats.unparked and seats.counted carry the count as it is then; it is stored as heard."""
    _lock_account(event)
    subscription = Subscription.get_or_none(account=event.subject, interval=told["interval"])
    moved = SubscriptionItem.update(parked=told["parked"]).where(
        (SubscriptionItem.subscription == subscription)
        & (SubscriptionItem.plan == told["plan"])
        & (SubscriptionItem.parked != told["parked"])
    )
    if subscription is not None and db.changed_one(moved):
        outbox.add(events.subscription_changed(subscription))


def _lock_account(event: Arrived) -> None:
    if not _LOCKED(id=event.subject):
        raise NotYet("entitlements", f"account {event.subject}")


HANDLERS: Handlers = {
    "catalog": {
        "plan.published": Handler(PlanPublished(), on_plan_published),
        "plan.retired": Handler(PlanRetired(), on_plan_retired),
    },
    "entitlements": {
        "account.opened": Handler(AccountDescribed(), on_account_described),
        "account.changed": Handler(AccountDescribed(), on_account_described),
        "license.issued": Handler(LicenseIssued(), on_license_issued),
        "seats.parked": Handler(SeatsParked(), on_seats_parked),
        "seats.unparked": Handler(SeatsParked(), on_seats_parked),
        "seats.counted": Handler(SeatsParked(), on_seats_parked),
    },
}
