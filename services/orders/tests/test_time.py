"""What time does: the account's day, the payment window, late captures, terms and retention."""

import pytest

from kit import clock
from orders import commands
from orders.models import Attempt, Quote, SandboxCharge
from service_fixtures import announced

HOUR = 3600
PAYS, DECLINED, SECURE, SLOW = "4242424242424242", "4000000000000002", "4000002500003155", "4000000000000077"


def test_a_quote_of_23_59_is_stale_at_00_01_in_the_accounts_zone(buyer, clock_at):
    time = clock_at("2026-11-22T23:59:00-05:00")
    quote = buyer.quote(("eco", 3))
    time.shift(120)
    stale = buyer.place(quote)

    assert (stale.status_code, stale.json["code"]) == (409, "quote-stale")
    assert stale.json["quote"]["id"] != quote["id"]
    assert stale.json["quote"]["term"]["start"] == "2026-11-23"
    assert buyer.place(stale.json["quote"]).status_code == 201


def test_midnight_elsewhere_leaves_a_quote_as_it_is(buyer, clock_at):
    time = clock_at("2026-11-22T23:59:00+00:00")
    quote = buyer.quote(("eco", 3))
    time.shift(120)

    assert buyer.place(quote).status_code == 201


def test_a_changed_time_zone_moves_the_day_under_a_quote(buyer, sources, clock_at):
    clock_at("2026-11-22T23:59:00-05:00")
    quote = buyer.quote()
    sources.change_account(time_zone="Asia/Tokyo")

    assert buyer.place(quote).json["code"] == "quote-stale"


def test_an_unpaid_order_expires_after_a_day_and_makes_room_for_another(buyer, clock_at):
    time = clock_at("2026-11-22T12:00:00-05:00")
    order = buyer.order()
    time.shift(24 * HOUR - 1)
    commands.close_overdue_orders()
    assert buyer.state(order) == "awaiting_payment"
    time.shift(1)

    late = buyer.pay(order)
    assert (late.status_code, late.json["code"]) == (409, "payment-window-over")
    commands.close_overdue_orders()
    commands.close_overdue_orders()
    assert buyer.state(order) == "expired"
    assert len(announced("order.expired")) == 1
    assert buyer.pay(order).json["code"] == "order-state"
    assert buyer.order()["status"] == "awaiting_payment"


def test_a_new_order_need_not_wait_for_the_expiry_job(buyer, clock_at, said):
    time = clock_at("2026-11-22T12:00:00-05:00")
    overdue = buyer.order()
    time.shift(25 * HOUR)

    assert buyer.order()["status"] == "awaiting_payment"
    assert buyer.state(overdue) == "expired"
    assert said() == ["order.placed", "order.expired", "order.placed"]


def test_an_order_fails_when_its_time_is_up_after_a_decline(buyer, clock_at):
    time = clock_at("2026-11-22T12:00:00-05:00")
    order = buyer.order()
    buyer.pay(order, DECLINED)
    time.shift(24 * HOUR)
    commands.close_overdue_orders()

    assert buyer.state(order) == "failed"
    assert announced("order.failed")[0].data["reason"] == "card-declined"


def test_a_payment_in_processing_outlives_the_window(buyer, providers, clock_at):
    time = clock_at("2026-11-22T12:00:00-05:00")
    order = buyer.order()
    buyer.pay(order, SLOW)
    time.shift(25 * HOUR)
    commands.close_overdue_orders()
    assert buyer.state(order) == "processing"

    commands.settle_payments(providers)
    assert buyer.state(order) == "paid"
    assert buyer.subscriptions()[0]["anchor"] == "2026-11-23"


def test_what_is_captured_after_the_order_ended_is_refunded_in_full(buyer, providers, clock_at):
    time = clock_at("2026-11-22T12:00:00-05:00")
    order = buyer.order()
    buyer.pay(order, SLOW)
    SandboxCharge.update(settles_at=clock.from_text("2027-03-01T00:00:00Z")).execute()
    time.move_to("2026-12-22T05:00:00Z")
    commands.close_overdue_orders()
    assert buyer.state(order) == "expired"
    commands.settle_payments(providers)
    assert (Attempt.get().state, SandboxCharge.get().status) == ("returning", "processing")

    time.move_to("2027-03-01T00:00:00Z")
    commands.settle_payments(providers)
    assert (Attempt.get().state, SandboxCharge.get().status) == ("returned", "returned")
    assert SandboxCharge.get().returned_at == clock.now()
    assert announced("order.paid") == []
    assert buyer.subscriptions() == []


@pytest.mark.parametrize("ended_by", ["time", "cancellation"])
def test_3_d_secure_of_an_order_that_ended_is_called_off(buyer, providers, clock_at, ended_by):
    time = clock_at("2026-11-22T12:00:00-05:00")
    order = buyer.order()
    buyer.pay(order, SECURE, Idempotency_Key="attempt-1")
    if ended_by == "time":
        time.shift(24 * HOUR)
        commands.close_overdue_orders()
    else:
        buyer.cancel(order)

    assert buyer.confirm(order).json["code"] == "no-confirmation-due"
    commands.settle_payments(providers)
    assert SandboxCharge.get().status == "returned"
    again = buyer.pay(order, SECURE, Idempotency_Key="attempt-1").json
    assert again["status"] == "declined"
    assert again["reason"] in ("order-expired", "order-canceled")


def test_a_confirmation_after_the_window_is_refused(buyer, clock_at):
    time = clock_at("2026-11-22T12:00:00-05:00")
    order = buyer.order()
    buyer.pay(order, SECURE)
    time.shift(24 * HOUR)

    assert buyer.confirm(order).json["code"] == "payment-window-over"


def test_an_order_is_canceled_once_and_never_while_it_is_being_paid(buyer):
    order = buyer.order()
    buyer.pay(order, SLOW)
    assert buyer.cancel(order).json["code"] == "order-state"

    yearly = buyer.order(interval="year")
    assert buyer.cancel(yearly).json["status"] == "canceled"
    assert buyer.cancel(yearly).json["code"] == "order-state"
    assert buyer.pay(yearly).json["code"] == "order-state"
    assert [event.data["order_id"] for event in announced("order.canceled")] == [yearly["id"]]


def test_the_window_ends_with_the_term_that_is_bought(buyer, clock_at):
    time = clock_at("2026-11-22T12:00:00-05:00")
    buyer.pay(buyer.order())
    time.move_to("2026-12-21T12:00:00-05:00")
    last_day = buyer.order()

    assert last_day["window_ends_at"] == "2026-12-22T05:00:00.000000Z"


def test_the_anchor_is_the_accounts_day_of_payment_and_later_terms_count_from_it(buyer, clock_at):
    time = clock_at("2026-01-31T23:30:00-05:00")
    buyer.pay(buyer.order(("eco", 1)))
    assert buyer.subscriptions()[0]["term"] == {"start": "2026-01-31", "end": "2026-02-28"}

    time.move_to("2026-03-05T12:00:00-05:00")
    buyer.pay(buyer.order(("pro", 1)))
    (subscription,) = buyer.subscriptions()
    assert (subscription["anchor"], subscription["term"]) == (
        "2026-01-31",
        {"start": "2026-02-28", "end": "2026-03-31"},
    )
    assert announced("order.paid")[1].data["term"] == subscription["term"]


def test_quotes_nobody_ordered_are_forgotten_after_thirty_days(buyer, clock_at):
    time = clock_at("2026-11-22T12:00:00-05:00")
    ordered = buyer.quote()
    buyer.place(ordered)
    buyer.quote(interval="year")
    time.shift(32 * 24 * HOUR)
    commands.forget_old_quotes()

    assert [quote.id for quote in Quote.select()] == [ordered["id"]]
