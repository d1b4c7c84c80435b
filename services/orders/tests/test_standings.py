"""Subscriptions in grace, suspended and restored: what an operator may say, and what is not sold meanwhile."""

import os
import subprocess
import sys

import pytest

from kit import db
from kit.errors import Refusal
from orders import commands, domain, queries
from service_fixtures import announced

LAPSE, SUSPEND, RESTORE = "lapse_subscription", "suspend_subscription", "restore_subscription"


@pytest.fixture
def turn(buyer):
    """Make the buyer's account hold three seats; then turn(verb, …) its subscription."""
    buyer.pay(buyer.order(("eco", 3)))

    def turning(verb, reason="disputed", interval="month"):
        getattr(commands, verb)(buyer.account, interval, reason)

    return turning


@pytest.fixture
def run(database_url, buyer):
    """python -m orders subscriptions …, in a process of its own."""

    def running(*arguments):
        told = {"DATABASE_URL": database_url, "USER": "ada"}
        told |= {"CATALOG_URL": "http://127.0.0.1:1", "ENTITLEMENTS_URL": "http://127.0.0.1:1"}
        command = [sys.executable, "-m", "orders", "subscriptions", *arguments]
        return subprocess.run(command, env={**os.environ, **told}, capture_output=True, text=True, check=False)

    return running


def test_moves_are_those_of_the_graph_and_no_others(turn, buyer):
    moves = {LAPSE: domain.GRACE, SUSPEND: domain.SUSPENDED, RESTORE: domain.ACTIVE}
    ways = {domain.ACTIVE: [], domain.GRACE: [LAPSE], domain.SUSPENDED: [SUSPEND]}
    for status, way in ways.items():
        for verb, to in moves.items():
            for step in way:
                turn(step)
            if to in domain.STANDINGS[status]:
                turn(verb)
                assert buyer.subscriptions()[0]["status"] == to
            else:
                with pytest.raises(Refusal) as refused:
                    turn(verb)
                assert refused.value.code == "subscription-state"
                assert buyer.subscriptions()[0]["status"] == status
            if buyer.subscriptions()[0]["status"] != domain.ACTIVE:
                turn(RESTORE)
    assert list(queries.differences()) == []


def test_each_move_tells_the_whole_state_and_why(turn, buyer):
    turn(LAPSE, "payment-overdue")
    turn(SUSPEND, "abuse")
    turn(RESTORE, "mistake")

    told = [event for event in announced() if event.type.startswith("subscription.")]
    assert [(event.type.partition(".")[2], event.data["status"]) for event in told] == [
        ("opened", "active"),
        ("lapsed", "grace"),
        ("suspended", "suspended"),
        ("restored", "active"),
    ]
    assert [event.data["reason"] for event in told[1:]] == ["payment-overdue", "abuse", "mistake"]
    assert all(event.data["items"] == told[0].data["items"] for event in told)


@pytest.mark.parametrize("verb", [LAPSE, SUSPEND])
def test_nothing_is_sold_until_the_subscription_is_restored(turn, buyer, verb):
    quote, quote_of_year = buyer.quote(("eco", 1)), buyer.quote(("eco", 1), interval="year")
    turn(verb)

    lines = [{"plan": "eco", "seats": 1}]
    answers = [
        buyer.call("POST", "/quotes", {"interval": "month", "lines": lines}),
        buyer.call("POST", "/quotes", {"interval": "year", "lines": lines}),
        buyer.place(quote),
        buyer.place(quote_of_year),
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [
        (409, "subscription-not-active")
    ] * 4
    assert {answer.json["interval"] for answer in answers} == {"month"}

    turn(RESTORE)
    assert buyer.place(quote).status_code == 201


def test_an_order_that_is_not_paid_yet_is_canceled(turn, buyer):
    order, asked = buyer.order(("eco", 1)), buyer.order(("eco", 1), interval="year")
    buyer.pay(asked, "4000002500003155")
    turn(SUSPEND)

    assert (buyer.state(order), buyer.state(asked)) == ("canceled", "canceled")
    assert buyer.pay(order).json["code"] == "order-state"
    assert buyer.confirm(asked).json["code"] == "no-confirmation-due"
    assert len(announced("order.canceled")) == 2
    assert list(queries.differences()) == []


def test_what_was_charged_before_is_heard_all_the_same(turn, buyer, providers, clock_at):
    travel = clock_at("2026-11-24T12:00:00-05:00")
    order = buyer.order(("eco", 2))
    buyer.pay(order, "4000000000000077")
    turn(SUSPEND)
    travel.shift(60)
    commands.settle_payments(providers)

    assert buyer.state(order) == "paid"
    assert buyer.subscriptions()[0]["status"] == "suspended"
    assert list(queries.differences()) == []


def test_a_change_of_the_subscription_keeps_and_tells_its_status(turn, buyer, sources):
    turn(SUSPEND)
    sources.tell("seats.parked", {"plan": "eco", "interval": "month", "parked": 1})

    assert announced("subscription.changed")[-1].data["status"] == "suspended"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE subscriptions SET status = 'active'",
        "UPDATE subscriptions SET status = 'grace'",
        "DELETE FROM outbox WHERE type = 'subscription.suspended'",
    ],
)
def test_verify_names_a_status_that_is_not_as_announced(turn, damage):
    turn(SUSPEND)
    assert list(queries.differences()) == []
    with db.atomic():
        db.database.execute_sql(damage)

    assert any("status not as announced" in difference for difference in queries.differences())


def test_a_log_of_the_first_release_says_that_all_are_active(turn):
    with db.atomic():
        db.database.execute_sql("""UPDATE outbox SET envelope = replace(envelope, '"status":"active",', '')""")
    assert list(queries.differences()) == []
    with db.atomic():
        db.database.execute_sql("UPDATE subscriptions SET status = 'suspended'")

    assert any("status not as announced" in difference for difference in queries.differences())


def test_an_operator_lapses_suspends_and_restores_on_the_command_line(turn, buyer, run):
    assert run("list").stdout == ""
    assert run("lapse", buyer.account, "month", "--reason", "payment-overdue").returncode == 0
    assert run("suspend", buyer.account, "month", "--reason", "payment-overdue").returncode == 0
    assert run("list").stdout.startswith(f"{buyer.account} month: suspended, paid until ")
    assert run("restore", buyer.account, "month", "--reason", "paid").returncode == 0
    assert run("list").stdout == ""
    assert run("list", buyer.account).stdout.startswith(f"{buyer.account} month: active, paid until ")

    assert {event.actor for event in announced() if "reason" in event.data} == {"operator:ada"}
    assert list(queries.differences()) == []


def test_what_the_command_line_refuses_is_said_in_a_sentence(turn, buyer, run):
    refused = run("restore", buyer.account, "month", "--reason", "paid")
    assert (refused.returncode, refused.stderr) == (
        1,
        "Error: A subscription that is active cannot become active.\n",
    )
    stranger = run("suspend", buyer.account, "year", "--reason", "abuse")
    assert (stranger.returncode, "Traceback" in stranger.stderr) == (1, False)
    assert run("suspend", buyer.account, "month", "--reason", "whatever").returncode == 2


def test_an_order_racing_a_suspension_is_refused_or_canceled_with_the_others(turn, buyer, at_once):
    for _ in range(12):
        quote = buyer.quote()
        placed, _ = at_once(lambda quote=quote: buyer.place(quote), lambda: turn(SUSPEND))

        assert placed.status_code == 409 or buyer.state(placed.json) == domain.CANCELED
        turn(RESTORE)
