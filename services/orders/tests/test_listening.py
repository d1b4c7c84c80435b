"""What orders makes of what catalog and entitlements say; facts are never refused."""

import pytest

from kit.cursors import Cursor
from orders import handlers
from orders.models import Account, Order, Plan, PlanVersion
from service_fixtures import Source, announced

POOL = {"capacity": 3, "assigned": 0, "free": 3, "parked": 0}


def issued(order, line):
    told = {"plan": "eco", "interval": "month", "seats": 3, "pool": POOL}
    return {"order_id": order["id"], "line": line, **told}


def parked(count, plan="eco"):
    return {
        "parking_id": "019ab000-0000-7000-8000-0000000000f1",
        "plan": plan,
        "interval": "month",
        "parked": count,
    }


def test_an_order_is_fulfilled_when_every_line_is_issued(buyer, sources):
    order = buyer.order(("eco", 3), ("pro", 1))
    buyer.pay(order)
    sources.tell("license.issued", issued(order, 1))
    assert buyer.state(order) == "paid"
    sources.tell("license.issued", issued(order, 1))
    assert buyer.state(order) == "paid"
    sources.tell("license.issued", issued(order, 2))
    sources.tell("license.issued", issued(order, 2))

    assert buyer.state(order) == "fulfilled"
    assert buyer.call("GET", f"/orders/{order['id']}").json["fulfilled_at"] is not None
    assert len(announced("order.fulfilled")) == 1
    assert buyer.pay(order).json["status"] == "paid"


def test_licenses_of_an_order_that_is_not_ours_are_passed_over(buyer, sources):
    stranger = {"id": "019ab000-0000-7000-8000-0000000000e9"}
    sources.tell("license.issued", issued(stranger, 1))
    order = buyer.order()
    sources.tell("license.issued", issued(order, 1))

    assert Cursor.get(Cursor.source == "entitlements").sequence == 3
    assert buyer.state(order) == "awaiting_payment"


def test_parked_seats_are_stored_as_heard_and_lower_the_renewal(buyer, sources):
    buyer.pay(buyer.order(("eco", 3)))
    sources.tell("seats.parked", parked(2))
    assert buyer.subscriptions()[0]["items"][0]["parked"] == 2
    assert buyer.quote(("pro", 1))["at_renewal"] == 500 + 1875

    sources.tell("seats.unparked", parked(1))
    sources.tell("seats.unparked", parked(1))
    assert buyer.subscriptions()[0]["items"][0]["parked"] == 1
    sources.tell("seats.counted", parked(0))
    counts = [event.data["items"][0]["parked"] for event in announced("subscription.changed")]
    assert counts == [2, 1, 0]


def test_a_moved_parked_count_makes_a_quote_stale(buyer, sources):
    buyer.pay(buyer.order(("eco", 3)))
    quote = buyer.quote(("eco", 1))
    sources.tell("seats.parked", parked(1))

    assert buyer.place(quote).json["code"] == "quote-stale"


def test_parked_seats_of_something_never_bought_change_nothing(buyer, sources):
    sources.tell("seats.parked", parked(1))
    buyer.pay(buyer.order(("eco", 3)))
    sources.tell("seats.parked", parked(1, plan="pro"))

    assert announced("subscription.changed") == []


@pytest.mark.parametrize("type", ["license.issued", "seats.parked"])
def test_a_fact_about_an_account_not_heard_of_waits_for_it(buyer, sources, type):
    stranger = "019ab000-0000-7000-8000-00000000ffff"
    sources.tell(type, {**parked(1), **issued({"id": stranger}, 1)}, account=stranger)

    cursor = Cursor.get(Cursor.subject == stranger)
    assert (cursor.sequence, cursor.head) == (0, 1)
    assert cursor.error.startswith("waits for entitlements")


def test_an_account_is_known_as_it_was_told_last(buyer, sources):
    buyer.order()
    sources.change_account(name="Acme 2", locale="fr", currency="USD")

    account = Account.get_by_id(buyer.account)
    assert (account.name, account.locale, account.currency) == ("Acme 2", "fr", "USD")
    assert account.orders_placed == 1
    assert buyer.call("GET", "/offers").json["items"][0]["prices"][0]["currency"] == "USD"


def test_a_time_zone_that_nobody_here_knows_counts_as_utc(buyer, sources):
    sources.change_account(time_zone="Mars/Olympus")

    assert Account.get_by_id(buyer.account).time_zone == "UTC"
    assert buyer.quote()["total"] == 1500


def test_a_subscription_keeps_its_currency_when_the_account_changes_its_own(buyer, sources):
    buyer.pay(buyer.order())
    sources.change_account(currency="USD")
    answer = buyer.call("POST", "/quotes", {"interval": "month", "lines": [{"plan": "eco", "seats": 1}]})

    assert (answer.status_code, answer.json["code"]) == (409, "currency-locked")


def test_a_plan_published_twice_or_again_after_its_end_is_sold(buyer, sources):
    sources.publish("eco")
    sources.retire("eco")
    sources.raise_price("eco")

    assert PlanVersion.select().where(PlanVersion.plan == "eco").count() == 2
    assert buyer.quote(("eco", 1))["total"] == 600


def test_a_plan_retired_before_it_was_ever_published_is_no_trouble(sources):
    sources.retire("old")

    assert Plan.get_by_id("old").retired


def test_every_handler_has_the_same_effect_when_it_runs_twice(buyer, sources):
    order = buyer.order()
    buyer.pay(order)
    account = {"name": "A", "locale": "en", "time_zone": "UTC", "currency": "CAD"}
    told = [
        Source("catalog").tells("plan.published", "eco", sources.plans["eco"]),
        Source("entitlements").tells("account.changed", buyer.account, account),
        Source("entitlements").tells("license.issued", buyer.account, issued(order, 1)),
        Source("entitlements").tells("seats.parked", buyer.account, parked(1)),
        Source("entitlements").tells("seats.unparked", buyer.account, parked(0)),
    ]
    for event in told:
        handler = handlers.HANDLERS[event.source][event.type]
        for _ in range(2):
            with Order._meta.database.atomic():
                handler.apply(event, handler.view.load(event.data))

    assert [event.type for event in announced()][3:] == [
        "order.fulfilled",
        "subscription.changed",
        "subscription.changed",
    ]


def test_a_version_that_a_restored_catalog_tells_anew_is_the_one_that_is_sold(buyer, sources):
    sources.raise_price("eco")
    sources.publish("eco", prices=[{"currency": "CAD", "interval": "month", "unit_amount": 700}])

    assert buyer.quote(("eco", 1))["total"] == 700
