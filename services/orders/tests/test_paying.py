"""Pay first, pay once: every card, every double click, every crash between charge and record."""

import itertools
from typing import Any

import pytest

from kit import clock, db
from kit.errors import Refusal
from kit.failpoints import FailpointHit
from orders import commands, domain
from orders.domain import Charge
from orders.models import Attempt, Order, SandboxCharge
from service_fixtures import announced

PAYS, DECLINED, NO_FUNDS = "4242424242424242", "4000000000000002", "4000000000009995"
SECURE, SLOW, ANSWER_LOST = "4000002500003155", "4000000000000077", "4000000000000119"


def later(seconds: float) -> None:
    """The settling job may ask about all attempts now, as if they were so old."""
    Attempt.update(ask_at=0, created_at=Attempt.created_at - int(seconds * clock.SECOND)).execute()
    SandboxCharge.update(settles_at=SandboxCharge.settles_at - int(seconds * clock.SECOND)).execute()


def test_a_paid_order_opens_the_subscription_and_says_so_in_that_order(buyer, said):
    order = buyer.order(("eco", 3), ("pro", 1))
    answer = buyer.pay(order)

    assert (answer.status_code, answer.json) == (200, {"status": "paid", "reason": None, "action_url": None})
    assert said() == ["order.placed", "order.paid", "subscription.opened"]
    paid, opened = announced("order.paid", "subscription.opened")
    assert (paid.data["total"], paid.data["payment"]) == (3375, {"provider": "sandbox", "last4": "4242"})
    assert paid.data["subscription_id"] == opened.data["subscription_id"]
    assert paid.actor == f"member:{buyer.member}"
    quantities = {item["plan"]: item["quantity"] for item in opened.data["items"]}
    assert quantities == {"eco": 3, "pro": 1}


def test_nothing_is_sold_before_it_is_paid(buyer, said):
    buyer.order()

    assert said() == ["order.placed"]
    assert buyer.subscriptions() == []


@pytest.mark.parametrize(("card", "reason"), [(DECLINED, "card-declined"), (NO_FUNDS, "insufficient-funds")])
def test_a_declined_card_leaves_the_order_open_for_another(buyer, card, reason):
    order = buyer.order()

    assert buyer.pay(order, card).json["status"] == "declined"
    assert buyer.call("GET", f"/orders/{order['id']}").json["reason"] == reason
    assert announced("order.declined")[0].data["reason"] == reason
    assert buyer.state(order) == "awaiting_payment"
    assert buyer.pay(order, PAYS).json["status"] == "paid"
    assert buyer.call("GET", f"/orders/{order['id']}").json["reason"] is None


@pytest.mark.parametrize(("outcome", "status"), [("accepted", "paid"), ("refused", "declined")])
def test_3_d_secure_waits_for_the_buyers_word(buyer, outcome, status):
    order = buyer.order()

    assert buyer.pay(order, SECURE).json["status"] == "requires_action"
    assert buyer.state(order) == "requires_action"
    assert buyer.pay(order, PAYS).json["status"] == "requires_action"
    assert buyer.confirm(order, outcome).json["status"] == status
    assert buyer.state(order) == ("paid" if status == "paid" else "awaiting_payment")


def test_a_confirmation_that_nobody_waits_for_is_refused(buyer, said):
    order = buyer.order()
    answer = buyer.confirm(order)

    assert (answer.status_code, answer.json["code"]) == (409, "no-confirmation-due")
    buyer.pay(order, SECURE)
    buyer.confirm(order)
    assert buyer.confirm(order, "refused").json["status"] == "paid"
    assert said().count("order.paid") == 1


def test_a_card_that_settles_later_is_found_by_the_job(buyer, providers):
    order = buyer.order()

    assert buyer.pay(order, SLOW).json["status"] == "processing"
    later(4)
    commands.settle_payments(providers)
    assert buyer.state(order) == "processing"
    later(2)
    commands.settle_payments(providers)
    assert buyer.state(order) == "paid"
    assert announced("order.paid")[0].actor == f"member:{buyer.member}"


def test_a_lost_answer_is_asked_for_again(buyer, providers):
    order = buyer.order()

    assert buyer.pay(order, ANSWER_LOST).json["status"] == "processing"
    later(6)
    commands.settle_payments(providers)
    assert buyer.state(order) == "paid"
    assert SandboxCharge.select().count() == 1


@pytest.mark.parametrize("each", [None, "one", "each its own"])
def test_eight_parallel_pays_of_an_order_charge_once(buyer, each, said, at_once):
    order = buyer.order()
    numbers = itertools.count()

    def pay() -> Any:
        number = next(numbers) if each == "each its own" else 0
        key = {"Idempotency-Key": f"click-{number}"} if each else {}
        return buyer.pay(order, PAYS, **key)

    answers = at_once(*[pay] * 8)

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json["status"] for answer in answers} <= {"paid", "processing"}
    assert SandboxCharge.select().count() == 1
    assert said() == ["order.placed", "order.paid", "subscription.opened"]


def pressing_pay_again_while_charging(buyer, order, sandbox):
    """A provider during whose charge somebody else presses Pay; what that second press was told."""
    told = []

    class Slow:
        name, cards = sandbox.name, sandbox.cards

        def charge(self, attempt_id, *money):
            told.append(commands.pay_order(buyer.account, order["id"], sandbox, PAYS, "second"))
            return sandbox.charge(attempt_id, *money)

    return Slow(), told


def test_the_losers_of_a_race_do_not_reach_the_provider(buyer, providers):
    order = buyer.order()
    slow, second = pressing_pay_again_while_charging(buyer, order, providers["sandbox"])

    assert commands.pay_order(buyer.account, order["id"], slow, PAYS, "first")["status"] == "paid"
    assert second == [{"status": "processing", "reason": None}]
    assert SandboxCharge.select().count() == 1


@pytest.fixture
def without_the_claim(database, monkeypatch):
    """Neither the state of the order nor the index over live attempts stops a second charge."""
    monkeypatch.setattr(domain, "ANSWERED", ())
    monkeypatch.setitem(domain.MOVES, domain.PROCESSING, {*domain.MOVES[domain.PROCESSING], domain.PROCESSING})
    database.execute_sql("DROP INDEX payment_attempts_one_live")
    yield
    Attempt.delete().execute()
    database.execute_sql(
        "CREATE UNIQUE INDEX payment_attempts_one_live ON payment_attempts (order_id)"
        " WHERE state IN ('pending', 'processing', 'requires_action')"
    )


def test_without_the_claim_that_race_would_charge_twice(buyer, providers, without_the_claim):
    order = buyer.order()
    slow, _ = pressing_pay_again_while_charging(buyer, order, providers["sandbox"])

    with pytest.raises(Refusal):
        commands.pay_order(buyer.account, order["id"], slow, PAYS, "first")
    assert SandboxCharge.select().count() == 2


def test_pay_racing_a_cancellation_ends_in_one_of_both(buyer, at_once):
    order = buyer.order()
    at_once(lambda: buyer.pay(order), lambda: buyer.cancel(order), lambda: buyer.pay(order))
    charges = [charge.status for charge in SandboxCharge.select()]

    assert (buyer.state(order), charges) in [("paid", ["captured"]), ("canceled", [])]


def test_of_parallel_confirmations_one_decides(buyer, at_once, said):
    order = buyer.order()
    buyer.pay(order, SECURE)
    answers = at_once(*[lambda: buyer.confirm(order)] * 8)

    assert {answer.status_code for answer in answers} == {200}
    assert said() == ["order.placed", "order.paid", "subscription.opened"]


def test_the_provider_is_never_called_inside_a_transaction(buyer, providers):
    order = buyer.order()
    sandbox, inside = providers["sandbox"], []

    class Watched:
        name, cards = sandbox.name, sandbox.cards

        def charge(self, *attempt):
            inside.append(db.database.in_transaction())
            return sandbox.charge(*attempt)

    commands.pay_order(buyer.account, order["id"], Watched(), PAYS)
    assert inside == [False]


def test_the_same_key_is_answered_with_the_same_attempt(buyer, said):
    order = buyer.order()
    first = buyer.pay(order, DECLINED, Idempotency_Key="attempt-1")
    again = buyer.pay(order, DECLINED, Idempotency_Key="attempt-1")

    assert first.json == again.json == {"status": "declined", "reason": "card-declined", "action_url": None}
    assert SandboxCharge.select().count() == 1
    other_card = buyer.pay(order, PAYS, Idempotency_Key="attempt-1")
    assert (other_card.status_code, other_card.json["code"]) == (422, "idempotency-key-reused")
    assert buyer.pay(order, PAYS, Idempotency_Key="attempt-2").json["status"] == "paid"
    assert buyer.pay(order, DECLINED, Idempotency_Key="attempt-1").json["status"] == "declined"
    assert said().count("order.paid") == 1


def test_a_crash_between_charge_and_record_is_settled_by_the_job(buyer, providers, monkeypatch, said):
    order = buyer.order()
    monkeypatch.setenv("FAILPOINT", "payment.after-charge:raise")
    monkeypatch.setattr("kit.failpoints._passes", {})
    with pytest.raises(FailpointHit):
        commands.pay_order(buyer.account, order["id"], providers["sandbox"], PAYS)
    monkeypatch.delenv("FAILPOINT")

    assert buyer.state(order) == "processing"
    assert buyer.pay(order).json["status"] == "processing"
    later(6)
    commands.settle_payments(providers)
    commands.settle_payments(providers)
    assert buyer.state(order) == "paid"
    assert SandboxCharge.select().count() == 1
    assert said().count("order.paid") == 1


def test_a_crash_before_the_charge_frees_the_order_and_bars_the_charge(buyer, providers, monkeypatch):
    order = buyer.order()
    monkeypatch.setenv("FAILPOINT", "payment.before-charge:raise")
    monkeypatch.setattr("kit.failpoints._passes", {})
    with pytest.raises(FailpointHit):
        commands.pay_order(buyer.account, order["id"], providers["sandbox"], PAYS)
    monkeypatch.delenv("FAILPOINT")

    later(6)
    commands.settle_payments(providers)
    assert buyer.state(order) == "processing"  # the charge may still be on its way
    later(30)
    commands.settle_payments(providers)
    assert buyer.state(order) == "awaiting_payment"
    attempt = Attempt.get()
    assert providers["sandbox"].charge(attempt.id, 1500, "CAD", PAYS).status == "returned"
    assert buyer.pay(order).json["status"] == "paid"


def test_who_charges_after_a_long_pause_records_no_payment_that_goes_back(buyer, providers, monkeypatch, said):
    order = buyer.order()
    monkeypatch.setenv("FAILPOINT", "payment.before-charge:raise")
    monkeypatch.setattr("kit.failpoints._passes", {})
    with pytest.raises(FailpointHit):
        commands.pay_order(buyer.account, order["id"], providers["sandbox"], PAYS)
    monkeypatch.delenv("FAILPOINT")
    give_back = providers["sandbox"].give_back

    def while_the_other_wakes(attempt_id: str) -> Charge:
        charge = providers["sandbox"].charge(attempt_id, order["total"], "CAD", PAYS)
        returned = give_back(attempt_id)
        commands.record_charge(buyer.account, attempt_id, charge)
        return returned

    monkeypatch.setattr(providers["sandbox"], "give_back", while_the_other_wakes)
    later(36)
    commands.settle_payments(providers)

    assert SandboxCharge.get().status == Attempt.get().state == "returned"
    assert said() == ["order.placed", "order.declined"]
    assert buyer.state(order) == "awaiting_payment"


def test_a_crash_within_3_d_secure_asks_the_buyer_again(buyer, providers, monkeypatch):
    order = buyer.order()
    buyer.pay(order, SECURE)

    def die(*_: Any) -> None:
        raise FailpointHit("confirm")

    monkeypatch.setattr(providers["sandbox"], "confirm", die)
    with pytest.raises(FailpointHit):
        commands.confirm_payment(buyer.account, order["id"], providers, accepted=True)
    monkeypatch.undo()

    assert buyer.state(order) == "processing"
    later(6)
    commands.settle_payments(providers)
    assert buyer.state(order) == "requires_action"
    assert buyer.confirm(order).json["status"] == "paid"


def test_the_providers_word_may_come_late_repeated_and_out_of_order(buyer, providers, said):
    order = buyer.order()
    buyer.pay(order)
    attempt = Attempt.get()

    for status in ("captured", "processing", "declined", "requires_action", "captured"):
        commands.record_charge(buyer.account, attempt.id, Charge(status))
    assert buyer.state(order) == "paid"
    assert said() == ["order.placed", "order.paid", "subscription.opened"]


def test_one_attempt_that_fails_to_settle_does_not_keep_the_others_waiting(buyer, providers, monkeypatch):
    monthly, yearly = buyer.order(interval="month"), buyer.order(interval="year")
    buyer.pay(monthly, ANSWER_LOST)
    buyer.pay(yearly, ANSWER_LOST)
    later(6)
    broken = Attempt.get(Attempt.order == monthly["id"]).id
    find = providers["sandbox"].find
    monkeypatch.setattr(providers["sandbox"], "find", lambda id: 1 / 0 if id == broken else find(id))

    commands.settle_payments(providers)
    assert (buyer.state(monthly), buyer.state(yearly)) == ("processing", "paid")


def test_no_card_number_is_kept_anywhere(buyer):
    order = buyer.order()
    for card in (DECLINED, PAYS):
        buyer.pay(order, card)

    for table in db.database.get_tables():
        for row in db.database.execute_sql(f'SELECT * FROM "{table}"').fetchall():
            assert not any(card in str(value) for card in (DECLINED, PAYS) for value in row)


def test_an_unknown_card_is_named_as_the_bad_field(buyer):
    order = buyer.order()
    for card in ("4111111111111111", "42", "4242-4242-x", "4242424242424242\n", 4242424242424242, None):
        answer = buyer.pay(order, card)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json["errors"]] == ["card"]
    assert (Order.get().status, Attempt.select().count()) == ("awaiting_payment", 0)
    assert buyer.pay(order, "4242 4242 4242 4242").json["status"] == "paid"
