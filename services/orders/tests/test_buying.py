"""Offers, the shared cart, quotes and their confirmation."""

import itertools

import pytest

from orders.models import Order, Quote
from service_fixtures import announced


def test_offers_are_the_plans_of_our_own_copy_in_the_accounts_currency(buyer):
    items = buyer.call("GET", "/offers").json["items"]

    assert [(item["plan"], item["rank"]) for item in items] == [("eco", 1), ("advanced", 2), ("pro", 3)]
    assert items[0]["prices"] == [
        {"currency": "CAD", "interval": "month", "unit_amount": 500},
        {"currency": "CAD", "interval": "year", "unit_amount": 4800},
    ]


def test_a_version_is_offered_from_its_first_day_on(buyer, sources, clock_at):
    clock = clock_at("2026-12-31T23:59:00-05:00")
    sources.raise_price("eco", effective_from="2027-01-01")

    assert buyer.call("GET", "/offers").json["items"][0]["prices"][0]["unit_amount"] == 500
    clock.shift(60)
    assert buyer.call("GET", "/offers").json["items"][0]["prices"][0]["unit_amount"] == 600


def test_a_cart_that_never_was_is_empty(buyer):
    cart = buyer.call("GET", "/cart")

    assert (cart.json["interval"], cart.json["currency"], cart.json["lines"]) == ("month", "CAD", [])
    assert cart.headers["ETag"] == '"0"'


def test_the_cart_is_the_accounts_and_the_later_of_two_buyers_is_told(buyer):
    ours, theirs = ([{"plan": plan, "seats": 2}] for plan in ("eco", "pro"))
    etag = buyer.call("GET", "/cart").headers["ETag"]

    first = buyer.call("PUT", "/cart", {"interval": "year", "lines": ours}, If_Match=etag)
    second = buyer.call("PUT", "/cart", {"interval": "year", "lines": theirs}, If_Match=etag)
    assert (first.status_code, second.status_code, second.json["code"]) == (200, 412, "cart-changed")
    assert (second.json["cart"]["lines"], second.json["cart"]["changed_by"]) == (ours, buyer.member)
    assert buyer.call("PUT", "/cart", {"lines": theirs}, If_Match=first.headers["ETag"]).status_code == 200
    assert buyer.call("GET", "/cart").json["lines"] == theirs


def test_emptying_the_cart_never_brings_an_old_etag_back(buyer):
    full = buyer.call("PUT", "/cart", {"lines": [{"plan": "eco", "seats": 1}]}).headers["ETag"]

    assert buyer.call("DELETE", "/cart", If_Match='"0"').status_code == 412
    assert buyer.call("DELETE", "/cart", If_Match=full).status_code == 204
    assert buyer.call("GET", "/cart").json["lines"] == []
    assert buyer.call("PUT", "/cart", {"lines": []}, If_Match=full).status_code == 412


def test_of_two_parallel_changes_to_the_same_cart_one_wins(buyer, at_once):
    seats = itertools.count(1)

    def change() -> int:
        lines = [{"plan": "eco", "seats": next(seats)}]
        return buyer.call("PUT", "/cart", {"lines": lines}, If_Match='"0"').status_code

    assert sorted(at_once(change, change)) == [200, 412]


def test_a_quote_explains_each_line_and_is_good_until_the_accounts_midnight(buyer, clock_at):
    clock_at("2026-11-22T12:00:00-05:00")
    quote = buyer.quote(("eco", 3), ("pro", 2), interval="year")

    assert quote["lines"] == [
        {"line": 1, "plan": "eco", "version": 1, "seats": 3, "unit_amount": 4800, "amount": 14400},
        {"line": 2, "plan": "pro", "version": 1, "seats": 2, "unit_amount": 18000, "amount": 36000},
    ]
    money = {name: quote[name] for name in ("subtotal", "taxes", "total", "at_renewal", "currency")}
    assert money == {"subtotal": 50400, "taxes": [], "total": 50400, "at_renewal": 50400, "currency": "CAD"}
    assert quote["expires_at"] == "2026-11-23T05:00:00.000000Z"
    assert quote["term"] == {"start": "2026-11-22", "end": "2027-11-22"}


def test_without_lines_the_cart_is_quoted_and_kept_until_it_is_paid(buyer):
    buyer.call("PUT", "/cart", {"interval": "year", "lines": [{"plan": "eco", "seats": 2}]})
    quote = buyer.call("POST", "/quotes", {}).json
    order = buyer.place(quote).json

    assert (order["interval"], order["total"]) == ("year", 9600)
    buyer.pay(order, "4000000000000002")
    assert buyer.call("GET", "/cart").json["lines"] == [{"plan": "eco", "seats": 2}]
    buyer.pay(order)
    assert buyer.call("GET", "/cart").json["lines"] == []


def test_what_another_buyer_added_to_the_cart_meanwhile_stays_in_it(buyer):
    bought, added = {"plan": "eco", "seats": 2}, {"plan": "pro", "seats": 1}
    buyer.call("PUT", "/cart", {"lines": [bought]})
    order = buyer.place(buyer.call("POST", "/quotes", {}).json).json
    buyer.call("PUT", "/cart", {"lines": [{**bought, "seats": 3}, added]})
    buyer.pay(order)

    assert buyer.call("GET", "/cart").json["lines"] == [{"plan": "eco", "seats": 1}, added]


def test_a_purchase_beside_the_cart_leaves_the_cart_alone(buyer):
    buyer.call("PUT", "/cart", {"lines": [{"plan": "pro", "seats": 1}]})
    buyer.pay(buyer.order(("eco", 1)))

    assert buyer.call("GET", "/cart").json["lines"] == [{"plan": "pro", "seats": 1}]


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        ({}, "cart-empty", "lines"),
        ({"lines": [{"plan": "nope", "seats": 1}]}, "plan-not-sold", "lines.0.plan"),
        ({"lines": [{"plan": "eco", "seats": 1}], "currency": "USD"}, "currency-mismatch", "currency"),
    ],
)
def test_a_quote_that_cannot_be_made_names_the_field(buyer, wanted, code, field):
    answer = buyer.call("POST", "/quotes", wanted)

    assert (answer.status_code, answer.json["code"], answer.json["errors"][0]["field"]) == (422, code, field)


def test_the_least_quantity_of_a_plan_holds_for_the_first_purchase(buyer, sources):
    sources.publish("pro", minimum_quantity=5, version=2)
    answer = buyer.call("POST", "/quotes", {"lines": [{"plan": "pro", "seats": 4}]})

    assert (answer.status_code, answer.json["code"]) == (422, "below-minimum-quantity")
    buyer.pay(buyer.order(("pro", 5)))
    assert buyer.quote(("pro", 1))["total"] == 1875


def test_a_retired_plan_is_sold_only_to_those_who_hold_it(buyer, sources):
    buyer.pay(buyer.order(("eco", 1)))
    sources.retire("eco")
    sources.retire("pro")

    assert [item["plan"] for item in buyer.call("GET", "/offers").json["items"]] == ["advanced"]
    assert buyer.quote(("eco", 2))["total"] == 1000
    refused = buyer.call("POST", "/quotes", {"lines": [{"plan": "pro", "seats": 1}]})
    assert refused.json["code"] == "plan-not-sold"


def test_an_order_charges_what_the_quote_showed(buyer):
    quote = buyer.quote(("eco", 3), interval="year")
    order = buyer.place(quote).json

    assert (order["status"], order["number"], order["placed_by"]) == (
        "awaiting_payment",
        "000001",
        buyer.member,
    )
    assert [order[name] for name in ("lines", "subtotal", "taxes", "total")] == [
        quote[name] for name in ("lines", "subtotal", "taxes", "total")
    ]
    assert announced("order.placed")[0].data["total"] == quote["total"]


def test_one_order_is_open_per_interval(buyer):
    open_order, second = buyer.order(), buyer.place(buyer.quote())

    assert (second.status_code, second.json["code"]) == (409, "change-in-progress")
    assert second.json["order_id"] == open_order["id"]
    assert buyer.order(interval="year")["number"] == "000002"
    buyer.pay(open_order)
    assert buyer.place(buyer.quote()).status_code == 201


@pytest.mark.parametrize("quotes", ["the same quote", "two quotes"])
def test_of_two_orders_at_once_one_is_placed(buyer, quotes, at_once, said):
    first = buyer.quote()
    second = first if quotes == "the same quote" else buyer.quote()
    answers = at_once(lambda: buyer.place(first), lambda: buyer.place(second))

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert said() == ["order.placed"]


def test_a_quote_is_ordered_once(buyer):
    quote = buyer.quote()
    order = buyer.place(quote).json
    buyer.pay(order)
    again = buyer.place(quote)

    assert (again.status_code, again.json["code"], again.json["order_id"]) == (409, "quote-used", order["id"])


def test_the_same_idempotency_key_places_one_order(buyer, said):
    quote = buyer.quote()
    first, again = (buyer.place(quote, Idempotency_Key="confirm-1") for _ in range(2))

    assert (first.status_code, first.json) == (again.status_code, again.json)
    assert said() == ["order.placed"]


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "confirm-1"}])
def test_a_moved_price_is_shown_in_a_fresh_quote_that_can_be_ordered(buyer, sources, headers):
    quote = buyer.quote(("eco", 3))
    sources.raise_price("eco")
    stale = buyer.place(quote, **headers)

    assert (stale.status_code, stale.json["code"], stale.json["quote"]["total"]) == (409, "quote-stale", 1800)
    assert buyer.place(stale.json["quote"]).json["total"] == 1800


def test_a_quote_of_a_plan_retired_meanwhile_is_refused(buyer, sources):
    quote = buyer.quote(("eco", 3))
    sources.retire("eco")

    assert buyer.place(quote).json["code"] == "plan-not-sold"


def test_a_fresh_quote_still_takes_its_lines_out_of_the_cart(buyer, sources):
    buyer.call("PUT", "/cart", {"lines": [{"plan": "eco", "seats": 2}]})
    quote = buyer.call("POST", "/quotes", {}).json
    sources.raise_price("eco")
    buyer.pay(buyer.place(buyer.place(quote).json["quote"]).json)

    assert buyer.call("GET", "/cart").json["lines"] == []


def test_a_later_purchase_joins_the_subscription_at_its_locked_price(buyer, sources):
    buyer.pay(buyer.order(("eco", 3)))
    sources.raise_price("eco")
    quote = buyer.quote(("eco", 2), ("pro", 1))

    assert (quote["total"], quote["at_renewal"]) == (2 * 500 + 1875, 5 * 500 + 1875)
    buyer.pay(buyer.place(quote).json)
    (subscription,) = buyer.subscriptions()
    items = {
        item["plan"]: (item["version"], item["quantity"], item["unit_amount"]) for item in subscription["items"]
    }
    assert items == {"eco": (1, 5, 500), "pro": (1, 1, 1875)}
    opened, changed = announced("subscription.opened", "subscription.changed")
    assert opened.data["subscription_id"] == changed.data["subscription_id"] == subscription["id"]


def test_a_quote_is_stale_when_the_subscription_moved(buyer):
    quote = buyer.quote(("eco", 1))
    buyer.pay(buyer.order(("pro", 1)))

    assert buyer.place(quote).json["code"] == "quote-stale"


def test_orders_are_listed_newest_first_page_by_page(buyer):
    for _ in range(3):
        buyer.cancel(buyer.order())
    first = buyer.call("GET", "/orders?limit=2").json
    rest = buyer.call("GET", f"/orders?limit=2&cursor={first['next']}").json

    assert [order["number"] for order in first["items"] + rest["items"]] == ["000003", "000002", "000001"]
    assert rest["next"] is None
    assert Order.select().count() == Quote.select().count() == 3


def test_an_account_not_heard_of_yet_is_asked_to_try_again(buyer, bearer):
    stranger = "019ab000-0000-7000-8000-00000000ffff"
    buyer.account, buyer.headers = stranger, lambda: bearer("purchase", account=stranger)
    for method, path, body in [
        ("GET", "/offers", None),
        ("GET", "/cart", None),
        ("PUT", "/cart", {"lines": []}),
        ("POST", "/quotes", {"lines": [{"plan": "eco", "seats": 1}]}),
        ("GET", "/orders", None),
        ("GET", "/subscriptions", None),
    ]:
        answer = buyer.call(method, path, body)
        assert (answer.status_code, answer.json["code"]) == (409, "account-unknown")
        assert "try again" in answer.json["detail"]
