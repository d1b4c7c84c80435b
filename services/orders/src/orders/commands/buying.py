"""From a wish to an order: the quote, good for one day of the account, and its confirmation."""

from datetime import date
from typing import Any

from kit import clock, db, outbox
from kit.errors import Refusal, not_found, refuse
from orders import domain, events
from orders.commands import closing
from orders.models import Account, Cart, Order, PlanVersion, Quote, Subscription

QUOTES_KEPT = 30 * domain.DAY


class QuoteStale(Refusal):
    """What a quote was made from has moved; its transaction over, the caller is shown a renewed one."""

    def __init__(self, quote: Quote):
        super().__init__("quote-stale", "Prices, the day or the subscription changed: see the new quote.")
        self.quote = quote


def make_quote(
    account_id: str,
    interval: str | None = None,
    lines: list[dict[str, Any]] | None = None,
    currency: str | None = None,
) -> Quote:
    """Price these lines (the cart's, without any) as of the account's today; due now and at renewal."""
    with db.atomic():
        account = Account.locked(account_id)
        account.check_currency(currency)
        cart = Cart.of(account_id)
        wanted = cart.lines if lines is None else lines
        return _quote(account, interval or cart.interval, wanted, from_cart=lines is None)


def renew_quote(stale: Quote) -> Quote:
    """The same purchase as of now."""
    with db.atomic():
        account = Account.locked(stale.account_id)
        return _quote(account, stale.interval, stale.lines, from_cart=stale.from_cart)


def _quote(account: Account, interval: str, wanted: list[dict[str, Any]], *, from_cart: bool) -> Quote:
    now = clock.now()
    return Quote.create(
        id=clock.new_id(),
        account=account,
        from_cart=from_cart,
        created_at=now,
        expires_at=domain.end_of_day(account.time_zone, now),
        **_priced(account, interval, wanted, now),
    )


def place_order(account_id: str, quote_id: str, member_id: str) -> Order:
    """Confirm a quote: what was shown will be charged. QuoteStale when it would be another one by now."""
    with db.atomic():
        account = Account.locked(account_id)
        quote = Quote.get_or_none(id=quote_id, account=account_id) or not_found("quote")
        open_order = (Order.interval == quote.interval) & Order.status.in_(domain.OPEN)
        for order in Order.select().where((Order.account == account_id) & open_order):
            if not closing.close_if_over(order):
                refuse(
                    "change-in-progress", "Another order is open: pay or cancel it first.", order_id=order.id
                )
        if used := Order.get_or_none(quote=quote):
            refuse("quote-used", "This quote was ordered already.", order_id=used.id)
        now = clock.now()
        fresh = _priced(account, quote.interval, quote.lines, now)
        if any(getattr(quote, name) != value for name, value in fresh.items()):
            raise QuoteStale(quote)
        account.orders_placed += 1
        account.save(only=[Account.orders_placed])
        term_ends_at = domain.start_of_day(date.fromisoformat(quote.term["end"]), account.time_zone)
        order = Order.create(
            id=clock.new_id(),
            account=account,
            quote=quote,
            number=domain.order_number(account.orders_placed),
            from_cart=quote.from_cart,
            interval=quote.interval,
            currency=quote.currency,
            lines=quote.lines,
            subtotal=quote.subtotal,
            taxes=quote.taxes,
            total=quote.total,
            placed_by=member_id,
            placed_at=now,
            window_ends_at=domain.payment_window_end(now, term_ends_at),
            term_ends_at=term_ends_at,
        )
        outbox.add(events.order_placed(order))
        return order


def _priced(account: Account, interval: str, wanted: list[dict[str, Any]], now: int) -> dict[str, Any]:
    """Everything in a quote that may move until it is confirmed."""
    if not wanted:
        domain.refuse_field("cart-empty", "lines", "There is nothing in the cart.")
    Subscription.check_all_active(account.id)
    today = domain.today(account.time_zone, now)
    subscription = Subscription.get_or_none(account=account, interval=interval)
    if subscription is not None and subscription.currency != account.currency:
        refuse("currency-locked", f"The subscription of this interval is in {subscription.currency}.")
    held = {item.plan: item for item in subscription.items} if subscription else {}
    sold = PlanVersion.sold_on(today)
    lines = []
    for number, line in enumerate(wanted, 1):
        plan, seats = line["plan"], line["seats"]
        if plan in held:  # a price is locked until a renewal, and holders may go on with a retired plan
            version, unit_amount = held[plan].version, held[plan].unit_amount
        else:
            version, unit_amount = _offered(sold.get(plan), number, line, interval, account.currency)
        lines.append(domain.line(number, plan, version, seats, unit_amount))
    total = domain.total(lines)
    renewing = sum(max(item.quantity - item.parked, 0) * item.unit_amount for item in held.values())
    anchor = date.fromisoformat(subscription.anchor) if subscription else today
    term = domain.term_on(today, anchor, interval)
    return {
        "interval": interval,
        "currency": account.currency,
        "day": today.isoformat(),
        "lines": lines,
        "subtotal": total,
        "taxes": [],
        "total": total,
        "at_renewal": renewing + total,
        "term": {"start": term.start.isoformat(), "end": term.end.isoformat()},
    }


def _offered(
    plan: PlanVersion | None, number: int, line: dict[str, Any], interval: str, currency: str
) -> tuple[int, int]:
    """Version and price per seat of a plan that the account does not hold yet."""
    field = f"lines.{number - 1}"
    if plan is None:
        domain.refuse_field("plan-not-sold", f"{field}.plan", f"{line['plan']} is not sold.")
    if line["seats"] < plan.content["minimum_quantity"]:
        least = f"At least {plan.content['minimum_quantity']} seats."
        domain.refuse_field("below-minimum-quantity", f"{field}.seats", least)
    for price in plan.content["prices"]:
        if (price["interval"], price["currency"]) == (interval, currency):
            return plan.version, price["unit_amount"]
    return domain.refuse_field("price-missing", f"{field}.plan", f"Not sold by the {interval} in {currency}.")


def forget_old_quotes() -> None:
    """A job: quotes that nobody ordered are kept for thirty days."""
    with db.atomic():
        over = Quote.expires_at < clock.now() - QUOTES_KEPT
        Quote.delete().where(over & Quote.id.not_in(Order.select(Order.quote))).execute()
