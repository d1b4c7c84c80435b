"""What reaches a consumer is repeated, lost, early or no event at all, and what it stands on goes away."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from faults import backlog, checker
from faults.checker import DOUBLED, LOST, STUCK
from faults.patient import Patient, on_sqlite
from faults.servers import close_channels, database_away
from faults.shop import Shop, kinds
from faults.test_broker import at_work
from journeys.people import Office, until
from kit import broker
from local.suite import SERVICES

pytestmark = [pytest.mark.slow, pytest.mark.matrix]

FORGETFUL = ("cursor_without_sequence", "notices_without_key")
LONGEST_STOP = 5  # seconds, as promised
MUCH, LONGEST_DRAIN = 2_000, 600  # events to read, seconds
AWAY = 60  # seconds


def test_channels_that_the_broker_closes_are_opened_again_and_nothing_is_lost(patient):
    evening = at_work(patient)
    before = patient.rabbitmq.ctl("list_channels", "--no-table-headers", "pid")
    close_channels(patient)
    time.sleep(1)
    assert not set(before.split()) & set(
        patient.rabbitmq.ctl("list_channels", "--no-table-headers", "pid").split()
    )

    assert evening() == []


@on_sqlite
def test_control_a_consumer_that_opens_no_channel_again_is_caught(patient, shop):
    patient.mutate("notifier-worker", "reconnects_never", "catch_up_off")
    until("it to consume", lambda: "notifier.inbox" in patient.rabbitmq.ctl("list_consumers", "queue_name"))
    close_channels(patient)
    shop.assigns(shop.person, "eco")

    assert STUCK in kinds(checker.until_whole(patient.suite, shop, within=6))


def purged(patient: Patient, shop: Shop) -> None:
    """What was sent and not yet read is lost; the queues stay."""
    patient.down("notifier-worker")
    shop.assigns(shop.person, "eco")
    patient.await_sent("entitlements")
    patient.purge("notifier")


def test_what_a_purged_queue_held_is_read_from_the_logs(patient, shop):
    purged(patient, shop)
    patient.up("notifier-worker")

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_consumer_that_never_reads_the_logs_is_caught_when_a_queue_is_purged(patient, shop):
    purged(patient, shop)
    patient.mutate("notifier-worker", "catch_up_off")

    assert STUCK in kinds(patient.at_rest(shop))


def gap(patient: Patient, shop: Shop) -> None:
    """Of three events the queue has the last one alone."""
    patient.down("notifier-worker")
    shop.renames(shop.person, "Person A")
    shop.assigns(shop.person, "eco")
    shop.renames(shop.person, "Person B")
    patient.await_sent("entitlements")
    patient.purge("notifier")
    patient.republish("entitlements", [shop], times=1, last=1)


def test_an_event_that_comes_too_early_waits_for_those_before_it(patient, shop):
    gap(patient, shop)
    patient.up("notifier-worker")

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_cursor_that_follows_whatever_comes_is_caught_by_a_gap(patient, shop):
    gap(patient, shop)
    patient.mutate("notifier-worker", *FORGETFUL, "catch_up_off")

    assert LOST in kinds(patient.at_rest(shop))


def hundred_times_to_three(patient: Patient, shop: Shop, *mutants: str) -> None:
    """Three processes share the queue: each takes itself for the leader."""
    patient.down("notifier-worker")
    shop.assigns(shop.person, "eco")
    patient.await_sent("entitlements")
    patient.purge("notifier")
    patient.republish("entitlements", [shop], times=100, last=1)
    with patient.beside("notifier-worker", 3, "everybody_leads", *mutants):
        patient.at_rest(shop)
    patient.up("notifier-worker")


def test_the_same_event_a_hundred_times_to_three_processes_has_one_effect(patient, shop):
    hundred_times_to_three(patient, shop)

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_cursor_without_sequence_is_caught_when_three_processes_share_an_event(patient, shop):
    hundred_times_to_three(patient, shop, *FORGETFUL)

    assert DOUBLED in kinds(patient.at_rest(shop))


def noise(patient: Patient, shop: Shop) -> None:
    """What is no event, and what only looks like one."""
    told = {"id": "x", "source": "orders", "type": "order.paid", "time": "2026-01-01T00:00:00Z", "data": {}}
    bodies = [
        b"",
        b"\x00",
        b"\xff\xfe",
        b"[" * 100_000,
        os.urandom(1_000_000),
        json.dumps({**told, "subject": "a\x00b", "sequence": "1"}).encode(),
        json.dumps({**told, "subject": shop.id, "sequence": "-1"}).encode(),
        json.dumps({**told, "subject": shop.id}).encode(),
    ]
    with patient.channel() as channel:
        for body in bodies:
            for service in SERVICES:
                channel.basic_publish(broker.exchange_of(service), "noise", body)
    shop.assigns(shop.person, "eco")


def test_messages_that_are_no_events_are_stepped_over(patient, shop):
    noise(patient, shop)

    assert checker.until_whole(patient.suite, shop) == []
    assert patient.at_rest(shop) == []


@on_sqlite
def test_control_a_consumer_that_dies_of_what_it_cannot_read_is_caught(patient, shop):
    patient.mutate("notifier-worker", "catch_up_off", "dies_of_noise")
    noise(patient, shop)

    assert STUCK in kinds(checker.until_whole(patient.suite, shop, within=6))


def unknown_fields(patient: Patient, shop: Shop) -> None:
    known = {"member_id": shop.person["id"], **{name: shop.person[name] for name in ("email", "name", "roles")}}
    told = {**known, "locale": "fr", "state": "active", "shoe_size": 43, "habits": {"coffee": ["\ud83d\ude00"]}}
    patient.sql("entitlements", "UPDATE members SET locale = 'fr' WHERE id = '" + key(patient, shop) + "'")
    patient.says("entitlements", shop, "member.changed", json.dumps(told))


def unknown_types(patient: Patient, shop: Shop) -> None:
    for source, type_ in (("orders", "order.dreamt"), ("entitlements", "member.dreamt")):
        patient.says(source, shop, type_, '{"of": {"sheep": ["electric"]}}')


def test_types_and_fields_that_nobody_knows_yet_are_moved_past(patient, shop):
    unknown_fields(patient, shop)
    unknown_types(patient, shop)
    shop.buys("pro", 1)
    shop.assigns(shop.person, "eco")

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
@pytest.mark.parametrize(
    ("say", "sources"), [(unknown_fields, ["entitlements"]), (unknown_types, ["orders", "entitlements"])]
)
def test_control_a_reader_that_refuses_what_it_does_not_know_is_caught(patient, shop, say, sources):
    patient.mutate("notifier-worker", "refuses_the_unknown")
    say(patient, shop)
    stopped = f"SELECT source FROM cursors WHERE stopped IS NOT NULL AND subject = '{shop.id}'"
    until("its streams to stop", lambda: len(patient.sql("notifier", stopped)) == len(sources))
    found = checker.findings(patient.suite, shop)
    patient.heal()
    for source in sources:
        patient.suite.run("notifier", "streams", "retry", source, shop.id)

    assert STUCK in kinds(found)
    assert checker.until_whole(patient.suite, shop) == []


def key(patient: Patient, shop: Shop) -> str:
    """The person's id as the database writes it."""
    identifier: str = shop.person["id"]
    return identifier if patient.suite.postgres else identifier.replace("-", "")


def test_consumers_outlive_their_database(patient, shop):
    patient.down("notifier-worker")
    shop.assigns(shop.person, "eco")
    patient.await_sent("entitlements")
    patient.up("notifier-worker")
    with database_away(patient, "notifier"):
        time.sleep(AWAY)
    until("all to answer again", lambda: answers_again(patient, shop))
    shop.awaits_licenses(shop.buys("pro", 1))

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_consumer_that_acks_before_the_commit_is_caught_when_its_database_is_away(patient, shop):
    patient.mutate("notifier-worker", "ack_first", "catch_up_off")
    with database_away(patient, "notifier"):
        shop.assigns(shop.person, "eco")
        until("it to end without its database", lambda: any("notifier-worker ended" in s for s in patient.said))
    patient._await("notifier-worker")

    assert STUCK in kinds(patient.at_rest(shop))


def answers_again(patient: Patient, shop: Shop) -> bool:
    """Each service has served a few requests in a row: all its threads have a connection."""
    calls: list[Callable[[], object]] = [
        lambda: shop.call("orders", "GET", "/v1/accounts/{a}/orders"),
        lambda: shop.call("entitlements", "GET", "/v1/accounts/{a}/pools"),
        lambda: shop.call("notifier", "GET", "/v1/accounts/{a}/activity"),
    ]
    try:
        for call in calls * 8:
            call()
    except Exception:
        return False
    return True


def stopped_in_mid_work(patient: Patient, office: Office, way: str, *mutants: str) -> float:
    """How many seconds workers that have much to read take to end."""
    names = ("notifier-worker", "entitlements-worker")
    patient.down(*names)
    backlog.write(patient, office, MUCH, 100)
    patient.await_sent("orders")
    if way == "log":
        patient.purge("notifier")
        patient.purge("entitlements")
    patient.mutate(" ".join(names), *mutants)
    patient.touched.update(names)
    until("them to read", lambda: max(backlog.unread(patient, office).values()) < MUCH)
    children = [child for name in names if (child := patient.suite.processes[name].child)]
    told = time.monotonic()
    for name in names:
        patient.suite.processes[name].terminate()
    with suppress(subprocess.TimeoutExpired):
        assert [child.wait(LONGEST_STOP * crowd() + 5) for child in children] == [0, 0]
    took = time.monotonic() - told
    assert mutants or any(backlog.unread(patient, office).values()), "there was too little to read"
    patient.heal()
    return took


def crowd() -> float:
    """How many want each core; 1 on a machine of our own: a promise of seconds means little on another."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.mark.parametrize("way", ["queue", "log"])
def test_workers_told_to_stop_with_much_to_read_end_soon_with_nothing_half_done(patient, shop, way, figure):
    quiet = Office(patient.suite)
    took = stopped_in_mid_work(patient, quiet, way)
    figure(f"two workers with much to read from the {way} ended {took:.1f} s after they were told to stop")
    until("the rest to be read", lambda: not any(backlog.unread(patient, quiet).values()), LONGEST_DRAIN)
    differs = backlog.forget(patient, quiet)

    assert took < LONGEST_STOP * crowd()
    assert differs == 0
    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_worker_that_reads_its_queue_to_the_end_before_it_stops_is_caught(patient):
    quiet = Office(patient.suite)
    took = stopped_in_mid_work(patient, quiet, "queue", "drains_first", "catch_up_off")
    backlog.forget(patient, quiet)

    assert took > LONGEST_STOP * crowd()
