"""Orders that end unpaid: canceled by somebody, or out of time."""

from collections.abc import Callable

from kit import clock, context, db, outbox
from kit.errors import not_found
from orders import domain, events
from orders.models import Account, Attempt, Order

BATCH = 50
ANNOUNCE: dict[str, Callable[[Order], outbox.Event]] = {
    domain.CANCELED: events.order_canceled,
    domain.EXPIRED: events.order_expired,
    domain.FAILED: events.order_failed,
}


def cancel_order(account_id: str, order_id: str) -> Order:
    """Give up an order that is not paid; refused while a payment of it is on its way."""
    with db.atomic():
        Account.locked(account_id)
        order: Order = Order.get_or_none(id=order_id, account=account_id) or not_found("order")
        _close(order, domain.CANCELED)
        return order


def cancel_unpaid_orders(account: Account) -> None:
    """Inside a transaction that ends the account's buying; a payment that is on its way is still heard."""
    unpaid = Order.status.in_((domain.AWAITING_PAYMENT, domain.REQUIRES_ACTION))
    for order in list(Order.select().where((Order.account == account) & unpaid)):
        _close(order, domain.CANCELED)


def close_if_over(order: Order) -> bool:
    """Expire an order whose time is up, fail it after a declined payment. Belongs under the account lock."""
    ends_at = order.term_ends_at if order.status == domain.PROCESSING else order.window_ends_at
    over: bool = order.status in domain.OPEN and ends_at <= clock.now()
    if over:
        _close(order, domain.FAILED if order.reason else domain.EXPIRED)
    return over


def _close(order: Order, status: str) -> None:
    order.status, order.closed_at = domain.moved(order.status, status), clock.now()
    order.save(only=[Order.status, Order.closed_at])
    live = (Attempt.order == order) & Attempt.state.in_(domain.LIVE)
    Attempt.update(state=domain.RETURNING, reason=f"order-{status}", ask_at=clock.now()).where(live).execute()
    outbox.add(ANNOUNCE[status](order))


def close_overdue_orders() -> bool:
    """A job: close what was not paid in its window; True while there is more."""
    now = clock.now()
    unpaid = Order.status.in_((domain.AWAITING_PAYMENT, domain.REQUIRES_ACTION)) & (Order.window_ends_at <= now)
    unheard = (Order.status == domain.PROCESSING) & (Order.term_ends_at <= now)
    overdue = list(Order.select(Order.id, Order.account).where(unpaid | unheard).limit(BATCH))
    for found in overdue:
        with context.acting(context.Context("service:orders", clock.new_id())), db.atomic():
            Account.locked(found.account_id)
            close_if_over(Order.get_by_id(found.id))
    return len(overdue) == BATCH
