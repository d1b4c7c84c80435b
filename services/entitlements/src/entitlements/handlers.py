"""What we listen to: plans from the catalog; paid orders and how subscriptions stand from orders. Facts are
never refused."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from entitlements import domain
from entitlements.commands.issuing import issue_licenses
from entitlements.commands.restrictions import note_status
from entitlements.models import Account, Plan, PlanVersion
from kit import db, schema
from kit.cursors import Arrived, Handler, Handlers
from kit.db import given
from kit.errors import NotYet


class View(Schema):
    """What we need of somebody's event; the rest of it is none of our business."""

    class Meta:
        unknown = EXCLUDE


class PlanPublished(View):
    plan = fields.String(required=True)
    rank = fields.Integer(required=True)
    version = fields.Integer(required=True)
    family = fields.String(required=True)
    name = fields.Dict(required=True)
    install = fields.Dict(required=True)
    features = fields.Dict(required=True)


class PlanRetired(View):
    plan = fields.String(required=True)
    successor = fields.String(required=True, allow_none=True)


class Term(View):
    start = fields.String(required=True)
    end = fields.String(required=True)


class Line(View):
    line = fields.Integer(required=True)
    plan = fields.String(required=True)
    version = fields.Integer(required=True)
    seats = fields.Integer(required=True)


class OrderPaid(View):
    order_id = schema.Id(required=True)
    interval = fields.String(required=True)
    subscription_id = schema.Id(required=True)
    term = fields.Nested(Term, required=True)
    lines = fields.List(fields.Nested(Line), required=True)


class SubscriptionTold(View):
    subscription_id = schema.Id(required=True)
    interval = fields.String(required=True)
    status = fields.String(load_default=None)


_LOCKED = db.Statement(lambda: db.locked(Account.select(Account.id).where(Account.id == given(Account.id))))
_VERSION = db.Statement(
    PlanVersion.select(PlanVersion.version).where(
        (PlanVersion.plan == given(PlanVersion.plan)) & (PlanVersion.version == given(PlanVersion.version))
    )
)


def on_plan_published(_event: Arrived, told: dict[str, Any]) -> None:
    current = {**{field: told[field] for field in ("rank", "family", "version")}, "status": domain.PUBLISHED}
    Plan.insert(code=told["plan"], **current).on_conflict(conflict_target=[Plan.code], update=current).execute()
    granted = {field: told[field] for field in ("name", "install", "features")}
    PlanVersion.insert(plan=told["plan"], version=told["version"], **granted).on_conflict(
        conflict_target=[PlanVersion.plan, PlanVersion.version], update=granted
    ).execute()


def on_plan_retired(_event: Arrived, told: dict[str, Any]) -> None:
    """Holders keep it; it can still be assigned from seats that were bought."""
    change = Plan.update(status=domain.RETIRED, successor=told["successor"])
    change.where(Plan.code == told["plan"]).execute()


def on_order_paid(event: Arrived, told: dict[str, Any]) -> None:
    _lock_account(event)
    for line in told["lines"]:
        if not _VERSION(plan=line["plan"], version=line["version"]):
            raise NotYet("catalog", f"version {line['version']} of {line['plan']}")
        issue_licenses(event.subject, told, line)


def on_subscription_told(event: Arrived, told: dict[str, Any]) -> None:
    """All of them say the status, but for those of the first releases, which knew no other than active."""
    if told["status"] in domain.STATUSES:
        _lock_account(event)
        note_status(event.subject, told, event.sequence)


def _lock_account(event: Arrived) -> None:
    if not _LOCKED(id=event.subject):
        raise NotYet("entitlements", f"account {event.subject}")


HANDLERS: Handlers = {
    "catalog": {
        "plan.published": Handler(PlanPublished(), on_plan_published),
        "plan.retired": Handler(PlanRetired(), on_plan_retired),
    },
    "orders": {
        "order.paid": Handler(OrderPaid(), on_order_paid),
        "subscription.opened": Handler(SubscriptionTold(), on_subscription_told),
        "subscription.changed": Handler(SubscriptionTold(), on_subscription_told),
        "subscription.lapsed": Handler(SubscriptionTold(), on_subscription_told),
        "subscription.suspended": Handler(SubscriptionTold(), on_subscription_told),
        "subscription.restored": Handler(SubscriptionTold(), on_subscription_told),
    },
}
