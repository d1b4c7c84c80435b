"""The relay stops, doubles, is cut off or blocked: what was said is sent, and has its effect once."""

import os
import signal
import sqlite3
import time
from contextlib import suppress

import psutil
import pytest

from faults import backlog, checker
from faults.checker import DOUBLED, STUCK
from faults.patient import Patient, on_postgresql, on_sqlite
from faults.servers import cut_connections, memory_alarm
from faults.shop import Shop, kinds
from journeys.people import Office, until
from local.suite import SERVICES

pytestmark = [pytest.mark.slow, pytest.mark.matrix]

FORGETFUL = ("cursor_without_sequence", "notices_without_key")
BACKLOG, NOTE = 100_000, 300  # events, bytes in each
FEWER, ENOUGH = 30_000, 5_000  # sent by a broken relay, read
UNSENT = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
HEARD = "SELECT count(*) FROM activities WHERE type = 'license.assigned'"
BOUND = 48 * 1024 * 1024  # bytes more than at rest
ALARM = 25  # seconds; a relay that is blocked for 15 gives its connection up
LONGEST_DRAIN = 600  # seconds


def froze(patient: Patient, process: str) -> bool:
    """Freeze it, but not while it writes: on SQLite it would keep everybody else from writing."""
    service, pid = process.removesuffix("-worker"), patient.suite.processes[process].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        patient.sql(service, "UPDATE leases SET holder = holder", patience=0.05)
    except sqlite3.OperationalError:
        os.kill(pid, signal.SIGCONT)
        return False
    return True


def leader_freezes_before_the_mark(patient: Patient, shop: Shop) -> None:
    """Another worker takes over while it sleeps, and sends again what it sent; then it wakes."""
    worker = patient.suite.processes["entitlements-worker"]
    patient.mutate("entitlements-worker", "slow_first_mark")
    with patient.beside("entitlements-worker") as [other]:
        heard = patient.sql("notifier", HEARD)
        shop.assigns(shop.person, "eco")
        until("the window to arrive", lambda: patient.sql("notifier", HEARD) != heard)
        until("the leader to freeze outside any transaction", lambda: froze(patient, "entitlements-worker"))
        assert patient.sql("entitlements", UNSENT) != [(0,)], "it was sent, and is not marked"
        patient.sql("entitlements", "UPDATE leases SET expires_at = 0")
        until("the other one to lead", lambda: f":{other.pid}:" in holder(patient))
        patient.await_sent("entitlements")
        assert worker.pid is not None
        patient.said.clear()
        os.kill(worker.pid, signal.SIGCONT)
        # It sees that it no longer leads, marks nothing and ends.
        until(
            "the frozen one to end", lambda: any("entitlements-worker ended" in line for line in patient.said)
        )


def holder(patient: Patient) -> str:
    return str(patient.sql("entitlements", "SELECT max(holder) FROM leases")[0][0])


def test_a_leader_that_freezes_is_replaced_and_does_no_harm_when_it_wakes(patient, shop):
    leader_freezes_before_the_mark(patient, shop)

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_cursor_without_sequence_is_caught_when_a_frozen_leader_is_replaced(patient, shop):
    patient.mutate("notifier-worker", *FORGETFUL)
    leader_freezes_before_the_mark(patient, shop)
    patient.leads("entitlements-worker")

    assert DOUBLED in kinds(patient.at_rest(shop))


def test_of_workers_that_start_at_once_one_leads(patient, shop):
    patient.down("entitlements-worker")
    shop.assigns(shop.person, "eco")
    before = len(patient.log_of("entitlements-worker"))
    with patient.beside("entitlements-worker", 3) as workers:
        until("one to lead", lambda: "leading" in patient.log_of("entitlements-worker", before))
        patient.await_sent("entitlements")
        time.sleep(2.5)  # more than the others wait before they ask for the lease again
        assert patient.log_of("entitlements-worker", before).count('"leading"') == 1
        assert all(worker.pid for worker in workers)
    patient.up("entitlements-worker")

    assert checker.until_whole(patient.suite, shop) == []


def two_lead_at_once(patient: Patient, shop: Shop) -> None:
    """Both send the same events, since each waits two seconds before it marks them."""
    patient.down("entitlements-worker")
    shop.assigns(shop.person, "eco")
    slowly = {"FAILPOINT": "relay.before-mark:sleep"}
    with patient.beside("entitlements-worker", 2, "everybody_leads", **slowly):
        patient.await_sent("entitlements")
        time.sleep(2.5)
    patient.up("entitlements-worker")


def test_two_workers_that_both_believe_to_lead_have_each_effect_once(patient, shop):
    two_lead_at_once(patient, shop)

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_cursor_without_sequence_is_caught_when_two_lead_at_once(patient, shop):
    patient.mutate("notifier-worker", *FORGETFUL)
    two_lead_at_once(patient, shop)

    assert DOUBLED in kinds(patient.at_rest(shop))


def broker_dies_within_a_window(patient: Patient, shop: Shop, *mutants: str) -> None:
    """The relay has written the window, the broker has not confirmed it; no log is read that would heal it."""
    patient.mutate("entitlements-worker notifier-worker", "catch_up_off")
    time.sleep(1)  # RabbitMQ 3.10 writes a new queue's name down within half a second
    patient.arm("orders-worker", "relay.after-publish:sleep", *mutants)
    shop.orders("pro", 1)
    time.sleep(0.5)
    patient.rabbitmq.kill()
    patient.rabbitmq.start()


def test_a_broker_killed_within_a_window_gets_it_again(patient, shop):
    broker_dies_within_a_window(patient, shop)

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_relay_that_marks_before_the_confirm_is_caught_when_the_broker_dies(patient, shop):
    broker_dies_within_a_window(patient, shop, "mark_first")
    for name in ("orders", "entitlements", "notifier"):
        patient._await(f"{name}-worker")

    assert STUCK in kinds(patient.at_rest(shop))


def test_people_pay_and_get_their_licenses_while_the_broker_is_short_of_memory(patient, shop):
    with memory_alarm(patient):
        shop.awaits_licenses(shop.buys("pro", 2))
        shop.assigns(shop.person, "eco")
        assert patient.sql("orders", UNSENT) != [(0,)]
        time.sleep(ALARM)

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_consumer_that_never_reads_the_logs_is_caught_while_memory_is_short(patient, shop):
    patient.mutate("entitlements-worker", "catch_up_off")
    with memory_alarm(patient):
        shop.buys("pro", 2)
        found = checker.until_whole(patient.suite, shop, within=5)

    assert STUCK in kinds(found)


def exchanges_deleted(patient: Patient, shop: Shop) -> None:
    with patient.channel() as channel:
        for service in SERVICES:
            channel.exchange_delete(f"seatwise.{service}")
    shop.buys("pro", 1)
    shop.assigns(shop.person, "eco")


def test_exchanges_that_were_deleted_are_made_anew(patient, shop):
    exchanges_deleted(patient, shop)

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_consumer_that_never_reads_the_logs_is_caught_when_exchanges_are_deleted(patient, shop):
    patient.mutate("entitlements-worker notifier-worker", "catch_up_off")
    exchanges_deleted(patient, shop)

    assert STUCK in kinds(patient.at_rest(shop))


@on_postgresql
@pytest.mark.parametrize(
    ("process", "failpoint"),
    [
        ("entitlements-worker", "relay.before-mark:sleep"),
        ("notifier-worker", "consumer.before-commit:sleep"),
        ("notifier-worker", "consumer.before-ack:sleep"),
    ],
)
def test_a_worker_whose_connections_are_cut_in_mid_batch_begins_anew(patient, shop, process, failpoint):
    patient.arm(process, failpoint)
    shop.assigns(shop.person, "eco")
    time.sleep(0.5)
    assert cut_connections(patient, process) > 0

    assert checker.until_whole(patient.suite, shop) == []


@on_postgresql
def test_services_whose_connections_are_cut_between_requests_answer_the_next_ones(patient, shop):
    for service in ("orders", "entitlements"):
        for _ in range(8):  # each thread has a connection by now
            shop.call(service, "GET", "/v1/accounts/{a}" + ("/orders" if service == "orders" else ""))
        assert cut_connections(patient, f"{service}-web") > 0
    shop.awaits_licenses(shop.buys("pro", 1))
    shop.assigns(shop.person, "eco")

    assert checker.until_whole(patient.suite, shop) == []


def backlog_drains(patient: Patient, office: Office, events: int, size: int, *mutants: str) -> dict[str, int]:
    """How many bytes more than before the sender and a reader of a backlog took at most."""
    first = sizes_of_workers(patient)
    most = dict(first)
    patient.down("orders-worker")
    backlog.write(patient, office, events, size)
    patient.mutate("orders-worker", *mutants)

    def drained() -> bool:
        for name, now in sizes_of_workers(patient).items():
            most[name] = max(most[name], now)
        if any(most[name] - first[name] > BOUND for name in first):
            return True  # broken: a relay that takes all at once may never come to its end
        return patient.sql("orders", backlog.UNSENT) == [(0,)] and backlog.read(patient, office) >= ENOUGH

    until("the backlog to be sent, and much of it read", drained, LONGEST_DRAIN)
    return {name: most[name] - first[name] for name in first}


def sizes_of_workers(patient: Patient) -> dict[str, int]:
    """In bytes; of those that run."""
    running = {name: patient.suite.processes[name].pid for name in ("orders-worker", "notifier-worker")}
    with suppress(psutil.NoSuchProcess):
        return {name: psutil.Process(pid).memory_info().rss for name, pid in running.items() if pid}
    return {}


def test_a_backlog_of_a_hundred_thousand_is_sent_in_little_memory_and_read_once(patient, shop, figure):
    """To read all of it takes minutes on two cores: what holds for thousands holds for the rest."""
    quiet, began = Office(patient.suite), time.monotonic()
    took = backlog_drains(patient, quiet, BACKLOG, NOTE)
    seconds, read = time.monotonic() - began, backlog.read(patient, quiet)
    sizes = ", ".join(f"{name} +{size / 1024 / 1024:.0f} MiB" for name, size in took.items())
    figure(f"a backlog of {BACKLOG:,} was written and sent, {read:,} of it read, in {seconds:.0f} s; {sizes}")
    differs = backlog.forget(patient, quiet)

    assert differs == 0
    assert max(took.values()) < BOUND
    shop.awaits_licenses(shop.buys("pro", 1))
    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
def test_control_a_relay_that_sends_its_backlog_in_one_window_is_caught(patient):
    quiet = Office(patient.suite)
    took = backlog_drains(patient, quiet, FEWER, NOTE, "one_window")
    backlog.forget(patient, quiet)

    assert took["orders-worker"] > BOUND


def later_one_commits_first(patient: Patient, shop: Shop, neighbour: Office) -> None:
    with patient.saying("orders", shop, "order.noted", "{}"):
        patient.says("orders", neighbour, "order.noted", "{}")
        patient.await_sent("orders")


@on_postgresql
def test_of_two_transactions_that_commit_in_the_other_order_both_are_sent(patient, shop):
    neighbour = Office(patient.suite)
    later_one_commits_first(patient, shop, neighbour)

    assert checker.until_whole(patient.suite, shop, neighbour) == []


@on_postgresql
def test_control_a_relay_that_remembers_how_far_it_came_is_caught(patient, shop):
    neighbour = Office(patient.suite)
    patient.mutate("orders-worker", "relay_by_id")
    later_one_commits_first(patient, shop, neighbour)

    assert STUCK in kinds(checker.until_whole(patient.suite, shop, neighbour, within=5))
