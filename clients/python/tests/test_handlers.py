"""Functions of the product are called for every event, once and in order, by a cursor of their own."""

import json
import threading

import pytest

from seatwise.broker import Broker
from teller import until


def heard_by(client, *types):
    heard = []

    @client.on(*types)
    def hear(event):
        heard.append((event.account, event.sequence, event.type))

    return heard


def test_a_handler_hears_everything_from_the_first_event_on_once_and_in_order(teller, make_client):
    for member in ("ada", "bob"):
        teller.assign("acme", member)
    client = make_client(start=False)
    heard = heard_by(client, "license.assigned", "license.unassigned")
    client.start()
    until(lambda: len(heard) == 2)
    teller.tell("acme", "member.added")
    teller.unassign("acme", "ada")

    until(lambda: len(heard) == 3)
    assert heard == [
        ("acme", 1, "license.assigned"),
        ("acme", 2, "license.assigned"),
        ("acme", 4, "license.unassigned"),
    ]


def test_a_process_that_begins_again_goes_on_where_it_was(teller, make_client):
    first = make_client(start=False)
    before = heard_by(first, "*")
    first.start()
    teller.assign("acme", "ada")
    until(lambda: before)
    first.stop()
    teller.assign("acme", "bob")
    second = make_client(start=False)
    after = heard_by(second, "*")
    second.start()

    until(lambda: after)
    assert [sequence for _, sequence, _ in (*before, *after)] == [1, 2]


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_a_handler_that_raises_is_called_again_and_nobody_else_waits_or_hears_twice(teller, make_client, error):
    client = make_client(start=False)
    tries, heard = [], heard_by(client, "license.assigned")

    @client.on("license.assigned")
    def fails_twice(event):
        tries.append(event.account)
        if event.account == "acme" and tries.count("acme") < 3:
            raise error("not yet")

    client.start()
    teller.assign("acme", "ada")
    teller.assign("other", "bob")
    until(lambda: tries.count("acme") == 3)
    until(lambda: ("other", 1, "license.assigned") in heard)

    assert tries.count("other") == 1
    assert sorted(heard) == [("acme", 1, "license.assigned"), ("other", 1, "license.assigned")]


def test_what_a_handler_does_to_an_event_changes_no_license(teller, make_client):
    client = make_client(start=False)

    @client.on("license.assigned")
    def spoils(event):
        event.data["plan"] = event.data["plan"].title()
        event.data["features"].clear()

    client.start()
    assert client.wait()
    teller.away = True
    broker = Broker("amqp://127.0.0.1", "product", client.followers)
    for number in range(50):
        broker._hand_on(json.dumps(teller.assign("acme", f"member {number}")).encode())

    until(lambda: len(client.held()) == 50)
    assert all(client.license_of(member).plan == "pro" for member in client.held())


def test_stopping_waits_for_a_handler_no_longer_than_told(teller, make_client):
    client, begun, may_end = make_client(start=False), threading.Event(), threading.Event()

    @client.on("*")
    def takes_long(event):
        begun.set()
        may_end.wait(30)

    client.start()
    teller.assign("acme", "ada")
    assert begun.wait(30)
    client.stop(0.1)
    with pytest.raises(RuntimeError, match="in use"):
        make_client()
    may_end.set()
    client.stop()

    make_client()


def test_a_handler_may_stop_its_client(teller, make_client):
    client, stopped = make_client(start=False), threading.Event()

    @client.on("*")
    def stops(event):
        client.stop()
        stopped.set()

    client.start()
    teller.assign("acme", "ada")

    assert stopped.wait(30)


def test_a_handler_that_comes_after_the_start_is_refused(client):
    with pytest.raises(RuntimeError, match="before the client starts"):
        client.on("license.assigned")


def test_after_a_restore_what_is_told_anew_is_heard_and_what_stayed_is_not_heard_twice(teller, make_client):
    client = make_client(start=False)
    heard = heard_by(client, "*")
    client.start()
    for member in ("ada", "bob", "eve"):
        teller.assign("acme", member)
    until(lambda: len(heard) == 3)
    del teller.stories["acme"][1:]
    teller.assign("acme", "zoe")

    until(lambda: len(heard) == 4)
    assert heard[-1] == ("acme", 2, "license.assigned")


def test_an_account_that_the_source_never_had_is_heard_from_its_first_event_on(teller, make_client):
    teller.assign("acme", "ada")
    first = make_client(start=False)
    heard = heard_by(first, "*")
    first.start()
    until(lambda: len(heard) == 1)
    first.stop()
    teller.forget("acme")
    teller.assign("other", "bob")
    again = make_client(start=False)
    heard = heard_by(again, "*")
    again.start()
    until(lambda: heard == [("other", 1, "license.assigned")])
    teller.assign("acme", "eve")

    until(lambda: ("acme", 1, "license.assigned") in heard)


def test_a_handler_does_not_wait_for_the_snapshot(teller, make_client):
    teller.page = 1
    for number in range(20):
        teller.assign(f"account {number}", f"member {number}")
    client = make_client(start=False)
    heard = heard_by(client, "*")
    client.start()

    until(lambda: len(heard) == 20)
