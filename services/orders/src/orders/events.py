"""What orders announces; the subject of its streams is the account."""

from functools import partial
from typing import Any

from playhouse.shortcuts import model_to_dict

from kit.outbox import Event
from orders.models import Attempt, Order, Subscription, SubscriptionItem

SALE = (
    Order.number,
    Order.interval,
    Order.currency,
    Order.lines,
    Order.subtotal,
    Order.taxes,
    Order.total,
    Order.placed_by,
)
ITEM = (
    SubscriptionItem.plan,
    SubscriptionItem.version,
    SubscriptionItem.quantity,
    SubscriptionItem.unit_amount,
    SubscriptionItem.parked,
)


def order_placed(order: Order) -> Event:
    return Event("order.placed", order.account_id, {"order_id": order.id, **model_to_dict(order, only=SALE)})


def order_paid(order: Order, attempt: Attempt, subscription: Subscription) -> Event:
    data = {
        "order_id": order.id,
        **model_to_dict(order, only=SALE),
        "subscription_id": subscription.id,
        "term": {"start": subscription.term_start, "end": subscription.term_end},
        "payment": {"provider": attempt.provider, "last4": attempt.last4},
    }
    return Event("order.paid", order.account_id, data)


def _order(type: str, order: Order, **more: Any) -> Event:
    return Event(type, order.account_id, {"order_id": order.id, "number": order.number, **more})


def order_declined(order: Order) -> Event:
    return _order("order.declined", order, reason=order.reason)


def order_failed(order: Order) -> Event:
    return _order("order.failed", order, reason=order.reason)


order_fulfilled = partial(_order, "order.fulfilled")
order_expired = partial(_order, "order.expired")
order_canceled = partial(_order, "order.canceled")


def _subscription(type: str, subscription: Subscription, **more: Any) -> Event:
    items = subscription.items.select(*ITEM).order_by(SubscriptionItem.plan)
    data = {
        "subscription_id": subscription.id,
        "interval": subscription.interval,
        "currency": subscription.currency,
        "anchor": subscription.anchor,
        "term": {"start": subscription.term_start, "end": subscription.term_end},
        "status": subscription.status,
        "items": list(items.dicts()),
        **more,
    }
    return Event(type, subscription.account_id, data)


subscription_opened = partial(_subscription, "subscription.opened")
subscription_changed = partial(_subscription, "subscription.changed")
subscription_lapsed = partial(_subscription, "subscription.lapsed")
subscription_suspended = partial(_subscription, "subscription.suspended")
subscription_restored = partial(_subscription, "subscription.restored")
