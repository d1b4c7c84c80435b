"""What reaches a consumer is repeated, lost, early or no event at all, and what it stands on goes away."""

import json
import os
import time
from collections.abc import Callable

import pytest

from faults import checker
from faults.checker import DOUBLED, LOST, STUCK
from faults.patient import Patient, on_sqlite
from faults.servers import close_channels, database_away
from faults.shop import Shop, kinds
from faults.test_broker import at_work
from journeys.people import until
from kit import broker
from local.suite import SERVICES

pytestmark = [pytest.mark.slow, pytest.mark.matrix]

FORGETFUL = ("cursor_without_sequence", "log_without_key")
LONGEST_STOP = 10  # seconds; 5 on a machine of our own


def test_channels_that_the_broker_closes_are_opened_again_and_nothing_is_lost(patient):
    evening = at_work(patient)
    before = patient.rabbitmq.ctl("list_channels", "--no-table-headers", "pid")
    close_channels(patient)
    time.sleep(1)
    assert not set(before.split()) & set(
        patient.rabbitmq.ctl("list_channels", "--no-table-headers", "pid").split()
    )

    assert evening() == []


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


def test_types_and_fields_that_nobody_knows_yet_are_moved_past(patient, shop):
    known = {"member_id": shop.person["id"], **{name: shop.person[name] for name in ("email", "name", "roles")}}
    told = {**known, "locale": "fr", "state": "active", "shoe_size": 43, "habits": {"coffee": ["\ud83d\ude00"]}}
    patient.sql("entitlements", "UPDATE members SET locale = 'fr' WHERE id = '" + key(patient, shop) + "'")
    patient.says("entitlements", shop, "member.changed", json.dumps(told))
    for source, type_ in (("orders", "order.dreamt"), ("entitlements", "member.dreamt")):
        patient.says(source, shop, type_, '{"of": {"sheep": ["electric"]}}')
    shop.buys("pro", 1)
    shop.assigns(shop.person, "eco")

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
        time.sleep(5)
    until("all to answer again", lambda: answers_again(patient, shop))
    shop.awaits_licenses(shop.buys("pro", 1))

    assert checker.until_whole(patient.suite, shop) == []


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


def test_workers_told_to_stop_with_a_full_queue_end_soon_with_nothing_half_done(patient, shop):
    patient.down("notifier-worker", "entitlements-worker")
    patient.says("orders", shop, "order.noted", '{"note": "x"}', times=3_000)
    patient.await_sent("orders")
    patient.up("notifier-worker", "entitlements-worker")
    children = [patient.suite.processes[f"{name}-worker"].child for name in ("notifier", "entitlements")]
    began = time.monotonic()
    patient.down("notifier-worker", "entitlements-worker")
    assert time.monotonic() - began < LONGEST_STOP
    assert [child.returncode for child in children if child] == [0, 0]
    patient.up("notifier-worker", "entitlements-worker")

    assert checker.until_whole(patient.suite, shop) == []
