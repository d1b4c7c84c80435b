"""Whatever is sent, the answer names the field and the rule, and the service does not fail."""

import json

import pytest

PAYMENT = {"provider": "sandbox", "card": "4242424242424242"}
LINE = {"plan": "eco", "seats": 1}
HUGE = 10**400


def bad(error, field):
    return pytest.param(error, field, id=f"{field}-{json.dumps(error)[:40]}")


def check(answer, field):
    assert answer.status_code == 422, answer.json
    assert answer.content_type == "application/problem+json"
    assert field in [error["field"] for error in answer.json["errors"]]
    assert all(error["rule"] for error in answer.json["errors"])


LINES = [
    bad({"lines": [{**LINE, "seats": 0}]}, "lines.0.seats"),
    bad({"lines": [{**LINE, "seats": 10_001}]}, "lines.0.seats"),
    bad({"lines": [{**LINE, "seats": HUGE}]}, "lines.0.seats"),
    bad({"lines": [{**LINE, "seats": 1.5}]}, "lines.0.seats"),
    bad({"lines": [{**LINE, "seats": "3"}]}, "lines.0.seats"),
    bad({"lines": [{**LINE, "seats": True}]}, "lines.0.seats"),
    bad({"lines": [{"plan": "eco"}]}, "lines.0.seats"),
    bad({"lines": [{**LINE, "plan": "e\x00o"}]}, "lines.0.plan"),
    bad({"lines": [{**LINE, "plan": "eco\n"}]}, "lines.0.plan"),
    bad({"lines": [{**LINE, "plan": "\ud800"}]}, "lines.0.plan"),
    bad({"lines": [{**LINE, "plan": ["eco"]}]}, "lines.0.plan"),
    bad({"lines": [{**LINE, "price": 1}]}, "lines.0.price"),
    bad({"lines": [LINE, LINE]}, "lines"),
    bad({"lines": [{"plan": f"p{n}", "seats": 1} for n in range(51)]}, "lines"),
    bad({"lines": "eco"}, "lines"),
    bad({"lines": [LINE], "interval": "week"}, "interval"),
    bad({"lines": [LINE], "interval": 1}, "interval"),
    bad({"lines": [LINE], "currency": "cad"}, "currency"),
    bad({"lines": [LINE], "total": 1}, "total"),
]


@pytest.mark.parametrize(("body", "field"), LINES)
def test_a_bad_wish_is_refused_by_field(buyer, body, field):
    check(buyer.call("POST", "/quotes", body), field)
    check(buyer.call("PUT", "/cart", body), field)


def test_a_plan_that_does_not_exist_cannot_lie_in_the_cart(buyer):
    check(buyer.call("PUT", "/cart", {"lines": [LINE, {"plan": "nope", "seats": 1}]}), "lines.1.plan")
    check(buyer.call("PUT", "/cart", {"lines": [LINE], "currency": "USD"}), "currency")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        bad({}, "quote_id"),
        bad({"quote_id": "1"}, "quote_id"),
        bad({"quote_id": None}, "quote_id"),
        bad({"quote_id": HUGE}, "quote_id"),
        bad({"quote_id": "019ab000-0000-7000-8000-0000000003e1", "total": 0}, "total"),
    ],
)
def test_a_bad_confirmation_is_refused_by_field(buyer, body, field):
    check(buyer.call("POST", "/orders", body), field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        bad({"provider": "sandbox"}, "card"),
        bad({**PAYMENT, "card": 10**15}, "card"),
        bad({**PAYMENT, "card": "\x00" * 16}, "card"),
        bad({**PAYMENT, "card": "٤" * 16}, "card"),
        bad({**PAYMENT, "card": "4" * 5000}, "card"),
        bad({**PAYMENT, "provider": "bank"}, "provider"),
        bad({**PAYMENT, "amount": 1}, "amount"),
    ],
)
def test_a_bad_payment_is_refused_by_field(buyer, body, field):
    order = buyer.order()

    check(buyer.call("POST", f"/orders/{order['id']}/payment", body), field)
    check(buyer.call("POST", f"/orders/{order['id']}/payment/confirmation", {"outcome": "maybe"}), "outcome")
    assert buyer.state(order) == "awaiting_payment"


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1e9", "cursor=1", "cursor=%00", "page=2"])
def test_a_bad_page_is_refused_by_field(buyer, query):
    check(buyer.call("GET", f"/orders?{query}"), query.split("=")[0])


def test_a_key_that_names_nothing_is_refused(buyer):
    order = buyer.order()

    check(buyer.pay(order, Idempotency_Key="k" * 201), "Idempotency-Key")
    check(buyer.pay(order, Idempotency_Key=""), "Idempotency-Key")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ((b"plan=eco", "application/x-www-form-urlencoded"), 415, "not-json"),
        ((b"{", "application/json"), 400, "broken-json"),
        ((b'{"lines": NaN}', "application/json"), 400, "broken-json"),
        ((b"[" * 100_000, "application/json"), 400, "broken-json"),
        ((b"\xff\xfe", "application/json"), 400, "broken-json"),
        ((b"[]", "application/json"), 422, "invalid-fields"),
        ((b"x" * 10_000_000, "application/json"), 413, "request-entity-too-large"),
    ],
)
def test_what_is_no_json_object_is_refused(buyer, sent, status, code):
    body, content_type = sent
    url = f"/v1/accounts/{buyer.account}/quotes"
    answer = buyer.app.test_client().post(url, data=body, headers=buyer.headers(), content_type=content_type)

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        ('"1"', 200, None),
        ('W/"1"', 200, None),
        ('W/"0", "1"', 200, None),
        ("*", 200, None),
        ('W/"0"', 412, "cart-changed"),
        ('"7"', 412, "cart-changed"),
        ("garbage", 412, "tag-invalid"),
        ("1", 412, "tag-invalid"),
        ('"', 412, "tag-invalid"),
        ('"1" x', 412, "tag-invalid"),
        ("\x7f", 412, "tag-invalid"),
    ],
)
def test_a_weak_tag_names_the_same_cart_and_what_is_no_tag_blames_nobody(buyer, tag, status, code):
    buyer.call("PUT", "/cart", {"lines": [LINE]})
    answer = buyer.call("PUT", "/cart", {"lines": []}, If_Match=tag)

    assert (answer.status_code, answer.json.get("code")) == (status, code)
    assert buyer.call("DELETE", "/cart", If_Match=tag.replace("1", "2")).status_code in (204, status)


def test_what_is_not_there_is_not_found(buyer):
    nowhere = "/orders/019ab000-0000-7000-8000-00000000dead"
    for answer in (
        buyer.call("GET", nowhere),
        buyer.call("POST", f"{nowhere}/payment", PAYMENT),
        buyer.call("POST", f"{nowhere}/payment/confirmation", {"outcome": "accepted"}),
        buyer.call("POST", f"{nowhere}/cancellation"),
        buyer.call("POST", "/orders", {"quote_id": "019ab000-0000-7000-8000-00000000dead"}),
        buyer.call("GET", "/orders/1"),
    ):
        assert (answer.status_code, answer.json["code"]) == (404, "not-found")


def test_orders_and_quotes_of_another_account_do_not_exist(buyer, sources, bearer):
    order, quote = buyer.order(), buyer.quote()
    other = "019ab000-0000-7000-8000-00000000a002"
    sources.tell("account.opened", {"name": "B", "locale": "en", "time_zone": "UTC", "currency": "CAD"}, other)
    buyer.account, buyer.headers = other, lambda: bearer("purchase", account=other)

    assert buyer.pay(order).status_code == 404
    assert buyer.cancel(order).status_code == 404
    assert buyer.place(quote).status_code == 404
    assert buyer.call("GET", f"/orders/{order['id']}").status_code == 404
    assert buyer.call("GET", "/orders").json["items"] == []


def test_billing_may_read_but_not_buy(buyer, bearer):
    order = buyer.order()
    buyer.headers = lambda: bearer("billing", account=buyer.account)

    assert buyer.call("GET", f"/orders/{order['id']}").status_code == 200
    assert buyer.call("GET", "/cart").status_code == 200
    assert buyer.pay(order).status_code == 403
    assert buyer.call("PUT", "/cart", {"lines": []}).status_code == 403
