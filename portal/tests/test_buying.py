"""From the packages to licenses that are ready, by forms alone; whatever is clicked twice happens once."""

import base64
import contextlib
import re
import zlib

import pytest

from portal import forms

PAYS, DECLINED, SECURE, LATER = "4242424242424242", "4000000000000002", "4000002500003155", "4000000000000077"


@pytest.fixture
def ada(signed_in):
    return signed_in("Ada Lovelace")


@pytest.fixture
def checkout(ada):
    """Put two Eco licenses into the summary and open the confirmation."""
    ada.open("/licenses")
    ada.send("/licenses/cart/lines", plan="eco", seats="2")
    ada.open("/checkout")
    return {name: ada.hidden(name) for name in ("key", "quote_id", "total", "at_renewal", "currency")}


def order_of(suite):
    return next(iter(suite.orders.values()))


def test_packages_show_price_contents_what_is_owned_and_the_document(ada):
    page = ada.open("/licenses").text

    assert "$18.75" in page
    assert "Attachments up to 2.5 GB" in page
    assert "You own 5: 5 free" in page
    assert 'href="/plans/pro/document"' in page


def test_added_seats_appear_in_the_summary_and_add_up(ada, suite):
    ada.open("/licenses")
    ada.send("/licenses/cart/lines", plan="pro", seats="2")
    page = ada.send("/licenses/cart/lines", plan="pro", seats="1")

    assert suite.cart["lines"] == [{"plan": "pro", "seats": 3}]
    assert "$56.25" in page.text
    assert "1 license of Pro added" in page.text


@pytest.mark.parametrize("seats", ["0", "-1", "1.5", "many", "", "10001", "9" * 30])
def test_a_number_that_is_none_is_said_at_its_field_and_nothing_is_added(ada, suite, seats):
    ada.open("/licenses")
    page = ada.send("/licenses/cart/lines", plan="pro", seats=seats).text

    assert 'id="seats-pro-error"' in page
    assert 'role="alert"' in page
    assert suite.cart["lines"] == []


def test_the_summary_changes_number_and_period_and_loses_lines(ada, suite):
    suite.cart["lines"] = [{"plan": "eco", "seats": 1}, {"plan": "pro", "seats": 1}]
    ada.open("/licenses")
    form = {
        "etag": ada.hidden("etag").replace("&#34;", '"'),
        "line-eco": "4",
        "line-pro": "1",
        "interval": "year",
    }
    page = ada.send("/licenses/cart", **form, then="remove-pro")

    assert suite.cart == {"interval": "year", "currency": "CAD", "lines": [{"plan": "eco", "seats": 4}]}
    assert "$192.00" in page.text
    assert "At renewal, each year" in page.text


def test_who_changed_the_summary_meanwhile_is_named_with_both_versions(ada, suite):
    suite.cart["lines"] = [{"plan": "eco", "seats": 1}]
    ada.open("/licenses")
    etag = ada.hidden("etag").replace("&#34;", '"')
    suite.cart_version += 1
    suite.cart.update(lines=[{"plan": "eco", "seats": 9}], changed_by=suite.member("Benoît Mandelbrot")["id"])
    page = ada.send("/licenses/cart", **{"etag": etag, "line-eco": "2", "interval": "month"}).text

    assert "Benoît Mandelbrot changed the summary meanwhile to: 9 × Eco. Yours was: 2 × Eco." in page.replace(
        "\xa0", " "
    )
    assert 'name="line-eco" value="2"' in page
    assert suite.cart["lines"] == [{"plan": "eco", "seats": 9}]


def test_paying_leads_to_an_order_that_turns_to_licenses_ready(ada, suite, checkout):
    page = ada.send("/checkout", **checkout, card=PAYS)

    assert re.search(r"Order \d+", page.text)
    assert "refreshes by itself" in page.text
    assert '<noscript><meta http-equiv="refresh"' in page.text
    suite.fulfill(order_of(suite))
    page = ada.open(page.request.path)
    assert "Assign them now" in page.text
    assert "refresh" not in page.text


def test_pay_pressed_twice_is_one_order_and_one_charge(ada, suite, checkout):
    first = ada.post("/checkout", **checkout, card=PAYS)
    second = ada.post("/checkout", **checkout, card=PAYS)

    assert first.headers["Location"] == second.headers["Location"]
    assert len(suite.orders) == len(suite.charges) == 1


def test_refreshing_the_page_after_paying_pays_nothing(ada, suite, checkout):
    where = ada.post("/checkout", **checkout, card=PAYS).headers["Location"]
    ada.open(where)
    ada.open(where)

    assert len(suite.charges) == 1


def test_a_declined_card_gives_its_reason_and_another_card_pays_the_same_order(ada, suite, checkout):
    page = ada.send("/checkout", **checkout, card=DECLINED)
    assert "The bank declined the card. Nothing was charged" in page.text

    ada.send(page.request.path, key=ada.hidden("key"), card=PAYS)
    assert len(suite.orders) == 1
    assert order_of(suite)["status"] == "paid"


@pytest.mark.parametrize("typed", [DECLINED, "4000 0000 0000 0002", "4111-1111-1111-1111", "378282246310005"])
def test_no_card_number_that_was_typed_is_kept_in_the_cookie_or_shown_again(ada, suite, checkout, typed):
    for field in ("card", "seats"):
        answer = ada.post("/checkout", **{**checkout, "card": DECLINED, field: typed})
        payload = answer.headers["Set-Cookie"].split("=", 1)[1].lstrip(".").split(".")[0]
        cookie = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        with contextlib.suppress(zlib.error):
            cookie = zlib.decompress(cookie)
        assert b"held" in cookie
        assert not forms.has_card_number(cookie.decode()), cookie


@pytest.mark.parametrize(
    ("text", "is_card"),
    [
        ("4242424242424242", True),
        ("my card is 4242 4242 4242 4242.", True),
        ("4242424242424241", False),  # the checksum is wrong
        ("424242424242", False),  # twelve digits
        ("2026-12-01 10:00", False),
    ],
)
def test_a_card_number_is_13_to_19_digits_with_a_right_checksum(text, is_card):
    assert forms.has_card_number(text) is is_card


def test_the_bank_may_ask_for_a_confirmation(ada, suite, checkout):
    page = ada.send("/checkout", **checkout, card=SECURE)
    assert "Confirm the payment" in page.text
    refused = ada.send(page.request.path, outcome="refused")
    assert "refused at the confirmation" in refused.text

    page = ada.send(refused.request.path, key=ada.hidden("key"), card=SECURE)
    ada.send(page.request.path, outcome="accepted")
    assert order_of(suite)["status"] == "paid"


def test_a_payment_that_takes_long_lets_people_leave(ada, suite, checkout):
    page = ada.send("/checkout", **checkout, card=LATER).text

    assert "You may leave this page" in page
    assert "Do not pay again" in page


def test_a_price_that_moved_is_shown_beside_the_old_one_and_nothing_is_charged(ada, suite, checkout):
    suite.surcharge = 100
    page = ada.send("/checkout", **checkout, card=PAYS).text

    assert "Shown before" in page
    assert "$10.00" in page
    assert "$12.00" in page
    assert not suite.orders


def test_no_answer_about_a_payment_says_not_to_pay_again(ada, suite, checkout, monkeypatch):
    def no_answer(*_):
        suite.down.add("orders")
        raise ConnectionError

    monkeypatch.setattr(suite, "pay", no_answer)
    page = ada.send("/checkout", **checkout, card=PAYS).text

    assert "Do not pay again" in page
    assert "cannot be reached" in page


def test_enter_pays_nothing_by_accident_and_back_has_the_focus(ada, suite, checkout):
    ada.open("/checkout")
    form = ada.page[ada.page.index('action="/checkout"') :]
    buttons = re.findall(r"<button [^>]*>", form)

    assert buttons[0] == '<button type="submit" name="enter" value="1" hidden>'
    assert ada.post("/checkout", **checkout, enter="1").headers["Location"] == "/checkout"
    assert not suite.orders
    assert re.search(r"<a [^>]*autofocus>Back", form)


def test_an_unpaid_order_can_be_canceled_and_waits_on_the_home_page(ada, suite, checkout):
    ada.send("/checkout", **checkout, card=DECLINED)
    order = order_of(suite)
    assert "waits for its payment" in ada.open("/").text

    assert "Nothing was charged" in ada.send(f"/orders/{order['id']}/cancellation").text
    assert order["status"] == "canceled"


def test_orders_are_listed_with_their_state(ada, suite, checkout):
    ada.send("/checkout", **checkout, card=PAYS)
    page = ada.open("/orders").text

    assert "2 × Eco" in page.replace("\xa0", " ")
    assert "$10.00" in page


def test_french_amounts_are_written_the_canadian_way(signed_in, suite):
    suite.cart["lines"] = [{"plan": "eco", "seats": 2}]

    assert "Payer 10,00\xa0$" in signed_in("Ada Lovelace", "fr").open("/checkout").text


@pytest.mark.parametrize("path", ["/licenses", "/checkout"])
def test_the_renewal_says_what_else_is_in_it_and_the_total_its_currency(ada, suite, path):
    suite.cart["lines"] = [{"plan": "eco", "seats": 2}]
    page = ada.open(path).text.replace("\xa0", " ")

    assert "with the 5 × Eco, 2 × Pro that you own" in page
    assert "<dd>$10.00 CAD</dd>" in page
    suite.cart["interval"] = "year"
    assert "that you own</small>" not in ada.open(path).text
