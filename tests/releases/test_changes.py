"""A changed contract is told with everybody whom it breaks; what is added breaks nobody."""

import copy

import pytest

from releases import changes
from releases.records import UNITS

PAY = "POST /v1/accounts/{}/orders/{}/payment"
CART = "PUT /v1/accounts/{}/cart"
STRANGER = "any consumer that knows orders 0.1.0"


@pytest.fixture
def orders(latest):
    """The next release of orders, to be changed at will."""
    return copy.deepcopy(latest["orders"])._replace(version="1.4.0")


@pytest.fixture
def told(latest, orders):
    """What becomes of the contracts of orders: event or operation → (what is otherwise, whom it breaks)."""

    def tell():
        released = [latest[unit] for unit in UNITS]
        found = changes.between(latest["orders"], orders, released)
        return {one.contract.removeprefix("orders: "): (one.differs, one.breaks) for one in found}

    return tell


def paid(release):
    return release.announces["order.paid"]["data"]


def test_nothing_is_told_of_what_did_not_change(told):
    assert told() == {}


def test_what_is_added_breaks_nobody(orders, told):
    paid(orders)["properties"]["channel"] = {"type": ["string"]}
    orders.announces["order.reminded"] = {"must": False, "data": {"type": ["object"]}}
    orders.serves["POST /v1/accounts/{}/refunds"] = orders.serves[PAY]
    orders.serves[CART]["takes"]["properties"]["note"] = {"type": ["string"], "enum": ["a", "b"]}
    orders.serves[CART]["answers"]["properties"]["note"] = {"type": ["string"]}

    assert told() == {
        "order.paid": (["channel is new: string, not always there"], []),
        "order.reminded": (["is new"], []),
        "POST /v1/accounts/{}/refunds": (["is new"], []),
        CART: (
            [
                "body: note is new: string, one of a, b, not always there",
                "answer: note is new: string, not always there",
            ],
            [],
        ),
    }


def test_a_value_that_is_new_breaks_nobody_in_an_event(orders, told):
    paid(orders)["properties"]["interval"]["enum"].append("week")

    assert told() == {
        "order.paid": (["interval was string, one of month, year; is string, one of month, year, week"], [])
    }


def test_a_field_that_is_gone_breaks_everybody_who_reads_it(orders, told):
    del paid(orders)["properties"]["term"]
    paid(orders)["required"].remove("term")

    differs, breaks = told()["order.paid"]
    assert differs == ["term is gone", "term.end is gone", "term.start is gone"]
    assert breaks == [
        "entitlements 0.1.0 cannot read order.paid of orders 1.4.0: term is not there",
        f"{STRANGER} cannot read order.paid of orders 1.4.0: term is not there",
    ]


def test_a_field_that_only_strangers_can_read_breaks_them(orders, told):
    del paid(orders)["properties"]["payment"]
    paid(orders)["required"].remove("payment")

    assert told()["order.paid"][1] == [
        f"{STRANGER} cannot read order.paid of orders 1.4.0: payment is not there"
    ]


def test_a_field_that_may_be_null_breaks_everybody_who_reads_it(orders, told):
    paid(orders)["properties"]["interval"]["type"] = ["string", "null"]

    differs, breaks = told()["order.paid"]
    assert differs == ["interval was string, one of month, year; is string or null, one of month, year"]
    assert [reason.partition(" ")[0] for reason in breaks] == ["entitlements", "any"]


def test_a_field_inside_of_a_list_is_found(orders, told):
    paid(orders)["properties"]["lines"]["items"]["properties"]["seats"]["type"] = ["string"]

    differs, breaks = told()["order.paid"]
    assert differs == ["lines[].seats was integer; is string"]
    assert [reason.partition(" 0.1.0")[0] for reason in breaks] == [
        "entitlements",
        "notifier",
        STRANGER.removesuffix(" 0.1.0"),
    ]


def test_a_value_that_is_refused_breaks_everybody_who_may_send_it(orders, told):
    orders.serves[CART]["takes"]["properties"]["interval"] = {"type": ["string"], "enum": ["month"]}

    differs, breaks = told()[CART]
    assert differs == [
        "body: interval was string, one of month, year, not always there;"
        " is string, one of month, not always there"
    ]
    assert breaks == [
        f"orders 1.4.0 refuses {caller} at {CART}: interval may be year"
        for caller in ("portal 0.1.0", STRANGER)
    ]


def test_a_route_of_another_name_breaks_everybody_who_calls_it(orders, told):
    orders.serves["POST /v1/accounts/{}/orders/{}/charge"] = orders.serves.pop(PAY)

    assert told() == {
        PAY: (
            ["is gone"],
            [
                f"{caller} calls {PAY}, which orders 1.4.0 does not serve"
                for caller in ("portal 0.1.0", STRANGER)
            ],
        ),
        "POST /v1/accounts/{}/orders/{}/charge": (["is new"], []),
    }


def test_a_field_that_has_to_be_sent_breaks_everybody_who_does_not(orders, told):
    orders.serves[PAY]["takes"]["properties"]["coupon"] = {"type": ["string"]}
    orders.serves[PAY]["takes"]["required"].append("coupon")

    assert told()[PAY] == (
        ["body: coupon is new: string"],
        [
            f"orders 1.4.0 refuses {caller} at {PAY}: coupon is not there"
            for caller in ("portal 0.1.0", STRANGER)
        ],
    )


def test_an_answer_that_says_less_breaks_everybody_who_knew_more(orders, told):
    del orders.serves[PAY]["answers"]["properties"]["status"]
    orders.serves[PAY]["answers"]["required"].remove("status")

    assert [reason.partition(" at ")[0] for reason in told()[PAY][1]] == [
        f"orders 1.4.0 answers less than known to {caller}" for caller in ("portal 0.1.0", STRANGER)
    ]


def test_an_event_that_must_be_understood_breaks_everybody_who_does_not_know_it(orders, told):
    orders.announces["order.split"] = {"must": True, "data": {"type": ["object"]}}

    differs, breaks = told()["order.split"]
    assert differs == ["is new"]
    assert [reason.partition(" does")[0] for reason in breaks] == ["entitlements 0.1.0", STRANGER]


def test_an_event_that_is_no_longer_told_breaks_everybody_who_waits_for_it(orders, told):
    del orders.announces["order.paid"]

    assert told()["order.paid"] == (
        ["is gone"],
        [
            f"{reader} waits for order.paid, which orders 1.4.0 no longer announces"
            for reader in ("entitlements 0.1.0", "notifier 0.1.0", STRANGER)
        ],
    )
