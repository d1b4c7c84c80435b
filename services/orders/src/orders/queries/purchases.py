"""What people ask: what they can buy, their cart, their orders and subscriptions."""

from typing import Any

from kit import clock
from kit.errors import not_found
from orders import domain
from orders.models import Account, Cart, Order, PlanVersion, Subscription, SubscriptionItem


def offers(account_id: str) -> list[dict[str, Any]]:
    """The plans sold today in the account's currency, by rank."""
    account = Account.known(account_id)
    sold = PlanVersion.sold_on(domain.today(account.time_zone, clock.now()))
    found = []
    for plan in sorted(sold.values(), key=lambda version: version.rank):
        prices = [price for price in plan.content["prices"] if price["currency"] == account.currency]
        if prices:
            described = {"plan": plan.plan_id, "rank": plan.rank, "version": plan.version}
            found.append({**plan.content, **described, "prices": prices})
    return found


def cart(account_id: str) -> Cart:
    """The account's cart; an empty one, if it never had any."""
    Account.known(account_id)
    return Cart.of(account_id)


def order(account_id: str, order_id: str) -> Order:
    Account.known(account_id)
    found: Order = Order.get_or_none(id=order_id, account=account_id) or not_found("order")
    return found


def orders(account_id: str, before: str | None, limit: int) -> list[Order]:
    """The account's orders, newest first; page on with the last id."""
    Account.known(account_id)
    chosen = Order.select().where(Order.account == account_id)
    if before:
        chosen = chosen.where(Order.id < before)
    return list(chosen.order_by(Order.id.desc()).limit(limit))


def subscriptions(account_id: str) -> list[dict[str, Any]]:
    """What the account holds, one per interval, with the plans in it."""
    Account.known(account_id)
    chosen = Subscription.select().where(Subscription.account == account_id).order_by(Subscription.interval)
    return [
        {
            "id": subscription.id,
            "interval": subscription.interval,
            "currency": subscription.currency,
            "anchor": subscription.anchor,
            "term": {"start": subscription.term_start, "end": subscription.term_end},
            "status": subscription.status,
            "items": list(subscription.items.order_by(SubscriptionItem.plan)),
        }
        for subscription in chosen
    ]


def standings(account_id: str | None) -> list[Subscription]:
    """The account's subscriptions; of no account in particular those that are not active."""
    chosen = Subscription.account == account_id if account_id else Subscription.status != domain.ACTIVE
    return list(Subscription.select().where(chosen).order_by(Subscription.account, Subscription.interval))
