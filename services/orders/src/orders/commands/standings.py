"""How a subscription stands: in grace or suspended by an operator, who restores it too."""

from collections.abc import Callable

from kit import db, outbox
from kit.errors import not_found
from orders import domain, events
from orders.commands import closing
from orders.models import Account, Subscription


def lapse_subscription(account_id: str, interval: str, reason: str) -> None:
    """Into grace: all is used as before, nothing is bought and nobody new gets a license."""
    _turn(account_id, interval, domain.GRACE, reason, events.subscription_lapsed)


def suspend_subscription(account_id: str, interval: str, reason: str) -> None:
    """Nothing of it may be used; everybody keeps what they hold."""
    _turn(account_id, interval, domain.SUSPENDED, reason, events.subscription_suspended)


def restore_subscription(account_id: str, interval: str, reason: str) -> None:
    """All is as it was, for the same people and devices."""
    _turn(account_id, interval, domain.ACTIVE, reason, events.subscription_restored)


def _turn(account_id: str, interval: str, to: str, reason: str, announce: Callable[..., outbox.Event]) -> None:
    with db.atomic():
        account = Account.locked(account_id)
        subscription: Subscription = Subscription.get_or_none(
            account=account_id, interval=interval
        ) or not_found("subscription")
        subscription.status = domain.turned(subscription.status, to)
        subscription.save(only=[Subscription.status])
        outbox.add(announce(subscription, reason=reason))
        if to != domain.ACTIVE:
            closing.cancel_unpaid_orders(account)
