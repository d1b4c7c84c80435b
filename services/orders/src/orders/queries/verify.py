"""Recomputes orders, payments and subscriptions from what was announced, and names every difference."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import peewee

from kit.outbox import Outbox, agree
from orders import domain, events
from orders.models import Attempt, Order, Subscription, SubscriptionItem

_OPEN = "open"
_BECOMES = {
    "order.placed": _OPEN,
    "order.declined": _OPEN,
    "order.paid": domain.PAID,
    "order.fulfilled": domain.FULFILLED,
    "order.expired": domain.EXPIRED,
    "order.failed": domain.FAILED,
    "order.canceled": domain.CANCELED,
}
_TOLD = (
    "order.placed",
    "order.paid",
    "subscription.opened",
    "subscription.changed",
    "subscription.lapsed",
    "subscription.suspended",
    "subscription.restored",
)
_UNTOLD = {"status": domain.ACTIVE}  # the first releases did not say it: there was no other
_PAID_FOR = (domain.PAID, domain.FULFILLED)


def differences() -> Iterator[str]:
    """One sentence each; nothing when orders, payments, subscriptions and the log agree."""
    statuses, totals, seats = _log()
    held: dict[Any, int] = {}
    for order in Order.select().iterator():
        status = _OPEN if order.status in domain.OPEN else order.status
        if status != statuses.pop(order.id, None):
            yield f"order {order.id}: {order.status}, the log says otherwise"
        if order.total != totals.pop(order.id, None):
            yield f"order {order.id}: {order.total}, the log names another total"
        if any(line["amount"] != line["seats"] * line["unit_amount"] for line in order.lines):
            yield f"order {order.id}: a line does not multiply out"
        if domain.total(order.lines) != order.subtotal:
            yield f"order {order.id}: its lines do not add up to {order.subtotal}"
    for order_id in statuses:
        yield f"order {order_id}: announced, and nowhere"
    yield from _payments()
    yield from _told()
    item: Any
    for item in SubscriptionItem.select(SubscriptionItem, Subscription).join(Subscription).iterator():
        held[item.subscription.account_id, item.subscription.interval, item.plan] = item.quantity
    for place in sorted(held.keys() | seats.keys()):
        if held.get(place, 0) != seats.get(place, 0):
            yield f"subscription {place}: {held.get(place, 0)} seats, by the log {seats.get(place, 0)}"


def _told() -> Iterator[str]:
    """Sales and subscriptions that are not as they were announced last."""
    rows: dict[Any, dict[str, Any]] = {}
    for order in Order.select().iterator():
        rows["order", order.account_id, order.id] = events.order_placed(order).data
    for subscription in Subscription.select():
        key = "subscription", subscription.account_id, subscription.id
        rows[key] = events.subscription_changed(subscription).data
    told: dict[Any, dict[str, Any]] = {}
    for row in Outbox.select().where(Outbox.type.in_(_TOLD)).order_by(Outbox.id).iterator():
        what, data = row.type.partition(".")[0], json.loads(row.envelope)["data"]
        key = what, row.subject, data[f"{what}_id"]
        told[key] = {**told.get(key, _UNTOLD), **data}
    for key in sorted(rows.keys() | told.keys()):
        ours, theirs = rows.get(key), told.get(key)
        if ours is None or theirs is None:
            yield f"{' '.join(key)}: {'announced, and nowhere' if theirs else 'never announced'}"
        elif wrong := [name for name in sorted(ours) if not agree(ours[name], theirs.get(name, ours[name]))]:
            yield f"{' '.join(key)}: {', '.join(wrong)} not as announced"


def _payments() -> Iterator[str]:
    """Every paid order was charged once, and no other one."""
    captured = (Attempt.order == Order.id) & (Attempt.state == domain.CAPTURED)
    charges = peewee.fn.COUNT(Attempt.id)
    charged: Any = (
        Order.select(Order.id, Order.status, charges)
        .join(Attempt, peewee.JOIN.LEFT_OUTER, on=captured)
        .group_by(Order.id, Order.status)
        .having(charges != peewee.Case(None, [(Order.status.in_(_PAID_FOR), 1)], 0))
    )
    for order_id, status, count in charged.tuples():
        yield f"order {order_id}: {status}, charged {count} times"


def _log() -> tuple[dict[str, str], dict[str, int], dict[Any, int]]:
    """Status and total of each order, and seats by account, interval and plan, as announced."""
    statuses: dict[str, str] = {}
    totals: dict[str, int] = {}
    seats: Counter[Any] = Counter()
    told = Outbox.select(Outbox.envelope).where(Outbox.type.in_(list(_BECOMES))).order_by(Outbox.id)
    for row in told.iterator():
        event = json.loads(row.envelope)
        data, type_ = event["data"], event["type"]
        statuses[data["order_id"]] = _BECOMES[type_]
        if "total" in data:
            totals[data["order_id"]] = data["total"]
        if type_ == "order.paid":
            for line in data["lines"]:
                seats[event["subject"], data["interval"], line["plan"]] += line["seats"]
    return statuses, totals, seats
