"""Paying an order: claim it, let the provider charge outside any transaction, record the answer."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import structlog

from kit import clock, context, db, outbox
from kit.errors import not_found, refuse
from kit.failpoints import failpoint
from orders import domain, events
from orders.models import Account, Attempt, Cart, Order, Subscription, SubscriptionItem

log = structlog.get_logger()

BATCH = 50
FIRST_ASKED_AFTER = 5 * clock.SECOND  # whoever pressed Pay is usually still waiting for the answer
UNHEARD_OF_AFTER = 30 * clock.SECOND  # then a charge that never arrived is barred from arriving

Answer = dict[str, Any]  # {status: paid | processing | requires_action | declined, reason}


def pay_order(
    account_id: str, order_id: str, provider: domain.Provider, card: str, key: str | None = None
) -> Answer:
    """Pay an order once, however often and from wherever Pay is pressed.

    `key` names the attempt: the same key is answered with what became of it. The claim is committed
    before the charge, so of many at once one charges, and after a crash the settling job knows of it.
    """
    if card not in provider.cards:
        rule = f"The {provider.name} provider knows no such card."
        domain.refuse_field("card-unknown", "card", rule)
    with db.atomic():
        Account.locked(account_id)
        order = Order.get_or_none(id=order_id, account=account_id) or not_found("order")
        known = Attempt.get_or_none(order=order, key=key) if key is not None else None
        if known is not None:
            if (known.provider, known.last4) != (provider.name, card[-4:]):
                refuse("idempotency-key-reused", "This Idempotency-Key came with another card.", status=422)
            return {"status": domain.ANSWERS[known.state], "reason": known.reason}
        if order.status in domain.ANSWERED:
            return {"status": domain.ANSWERS[order.status], "reason": None}
        now = clock.now()
        if order.status == domain.AWAITING_PAYMENT and order.window_ends_at <= now:
            refuse("payment-window-over", "The time to pay this order is over.")
        order.status = domain.moved(order.status, domain.PROCESSING)
        order.save(only=[Order.status])
        attempt = Attempt.create(
            id=clock.new_id(),
            order=order,
            key=key,
            provider=provider.name,
            last4=card[-4:],
            actor=context.current().actor,
            correlation=context.current().correlation,
            created_at=now,
            ask_at=now + FIRST_ASKED_AFTER,
        )
    failpoint("payment.before-charge")
    try:
        charge = provider.charge(attempt.id, order.total, order.currency, card)
    except domain.ProviderAway:
        return {"status": "processing", "reason": None}
    failpoint("payment.after-charge")
    return record_charge(account_id, attempt.id, charge)


def confirm_payment(
    account_id: str, order_id: str, providers: Mapping[str, domain.Provider], accepted: bool
) -> Answer:
    """The buyer's bank has asked whether it is really them (3-D Secure); claimed like a payment."""
    with db.atomic():
        Account.locked(account_id)
        order = Order.get_or_none(id=order_id, account=account_id) or not_found("order")
        if order.status in (domain.PROCESSING, domain.PAID, domain.FULFILLED):
            return {"status": domain.ANSWERS[order.status], "reason": None}
        attempt = Attempt.get_or_none(order=order, state=domain.REQUIRES_ACTION)
        if attempt is None:
            refuse("no-confirmation-due", "No payment of this order waits for a confirmation.")
        if order.window_ends_at <= clock.now():
            refuse("payment-window-over", "The time to pay this order is over.")
        order.status = domain.moved(order.status, domain.PROCESSING)
        order.save(only=[Order.status])
        attempt.state, attempt.ask_at = domain.PENDING, clock.now() + FIRST_ASKED_AFTER
        attempt.save(only=[Attempt.state, Attempt.ask_at])
    try:
        charge = providers[attempt.provider].confirm(attempt.id, accepted)
    except domain.ProviderAway:
        return {"status": "processing", "reason": None}
    return record_charge(account_id, attempt.id, charge)


def record_charge(account_id: str, attempt_id: str, charge: domain.Charge) -> Answer:
    """Write down the provider's word about an attempt; it may come late, repeated or out of order.

    Captured: seats are paid for. The subscription of the interval opens today or takes them in.
    """
    with db.atomic():
        account = Account.locked(account_id)
        attempt = Attempt.select(Attempt, Order).join(Order).where(Attempt.id == attempt_id).get()
        if charge.status != domain.CAPTURED or attempt.state not in domain.LIVE:
            return _record_unpaid(attempt, charge)
        order, now = attempt.order, clock.now()
        attempt.state = domain.CAPTURED
        attempt.save(only=[Attempt.state])
        order.status, order.paid_at, order.reason = domain.moved(order.status, domain.PAID), now, None
        order.save(only=[Order.status, Order.paid_at, Order.reason])

        today = domain.today(account.time_zone, now)
        subscription = Subscription.get_or_none(account=account, interval=order.interval)
        announce = events.subscription_changed
        if subscription is None:
            announce = events.subscription_opened
            same = {"interval": order.interval, "currency": order.currency}
            subscription = Subscription(id=clock.new_id(), account=account, anchor=today.isoformat(), **same)
        term = domain.term_on(today, date.fromisoformat(subscription.anchor), order.interval)
        subscription.term_start, subscription.term_end = term.start.isoformat(), term.end.isoformat()
        subscription.save(force_insert=announce is events.subscription_opened)
        for line in order.lines:
            SubscriptionItem.insert(
                subscription=subscription,
                plan=line["plan"],
                version=line["version"],
                quantity=line["seats"],
                unit_amount=line["unit_amount"],
            ).on_conflict(
                conflict_target=[SubscriptionItem.subscription, SubscriptionItem.plan],
                update={SubscriptionItem.quantity: SubscriptionItem.quantity + line["seats"]},
            ).execute()
        outbox.add(events.order_paid(order, attempt, subscription))
        outbox.add(announce(subscription))
        cart = Cart.get_or_none(account=account)
        if order.from_cart and cart is not None:  # only what was bought: another buyer may have added to it
            bought = {line["plan"]: line["seats"] for line in order.lines}
            left = [{**line, "seats": line["seats"] - bought.get(line["plan"], 0)} for line in cart.lines]
            cart.lines = [line for line in left if line["seats"] > 0]
            cart.version, cart.changed_at = cart.version + 1, now
            cart.save()
    return {"status": "paid", "reason": None}


def _record_unpaid(attempt: Attempt, charge: domain.Charge) -> Answer:
    """Every word but a capture in time; what was captured for a closed order goes back in full."""
    order = attempt.order
    refused = charge.status in (domain.DECLINED, domain.RETURNED)
    if attempt.state in domain.LIVE and refused:
        attempt.state, attempt.reason = domain.DECLINED, charge.reason
        order.status, order.reason = domain.moved(order.status, domain.AWAITING_PAYMENT), charge.reason
        outbox.add(events.order_declined(order))
    elif attempt.state in domain.LIVE:
        if order.status != charge.status:
            order.status = domain.moved(order.status, charge.status)
        attempt.state = charge.status
    elif attempt.state == domain.RETURNING and refused:
        attempt.state = domain.RETURNED
    elif attempt.state == domain.DECLINED and charge.status == domain.CAPTURED:
        attempt.state, attempt.ask_at = domain.RETURNING, clock.now()
    attempt.save(only=[Attempt.state, Attempt.reason, Attempt.ask_at])
    order.save(only=[Order.status, Order.reason])
    return {"status": domain.ANSWERS[attempt.state], "reason": attempt.reason}


def settle_payments(providers: Mapping[str, domain.Provider]) -> bool:
    """A job: ask the providers about attempts without a final word; True while there are more."""
    due = Attempt.state.in_(domain.UNSETTLED) & (Attempt.ask_at <= clock.now())
    attempts = Attempt.select(Attempt, Order).join(Order).where(due).order_by(Attempt.ask_at).limit(BATCH)
    for attempt in (found := list(attempts)):
        with context.acting(context.Context(attempt.actor, attempt.correlation)):
            try:
                _settle(attempt, providers[attempt.provider])
            except Exception as error:  # one that fails must not keep the others from being settled
                log.exception("settling_failed", attempt=attempt.id, exc_info=error)
    return len(found) == BATCH


def _settle(attempt: Attempt, provider: domain.Provider) -> None:
    """Ask about one attempt, unless another worker just did."""
    age = clock.now() - attempt.created_at
    later = clock.now() + domain.wait_before_asking(age)
    with db.atomic():
        mine = (Attempt.id == attempt.id) & (Attempt.ask_at == attempt.ask_at)
        if not db.changed_one(Attempt.update(ask_at=later).where(mine)):
            return
    returning = attempt.state == domain.RETURNING
    charge = None if returning else provider.find(attempt.id)
    if charge is None and (returning or (age >= UNHEARD_OF_AFTER and _given_up(attempt))):
        charge = provider.give_back(attempt.id)
    if charge is not None:
        record_charge(attempt.order.account_id, attempt.id, charge)


def _given_up(found: Attempt) -> bool:
    """Claim that nothing will be taken before the provider hears it; False when there was an answer meanwhile.

    Whoever charges at this very moment, after a long pause, would otherwise record a payment that goes back.
    """
    with db.atomic():
        Account.locked(found.order.account_id)
        attempt = Attempt.select(Attempt, Order).join(Order).where(Attempt.id == found.id).get()
        if attempt.state in domain.LIVE:
            _record_unpaid(attempt, domain.Charge(domain.RETURNED, "not-charged"))
            attempt.state = domain.RETURNING
            attempt.save(only=[Attempt.state])
        return bool(attempt.state == domain.RETURNING)
