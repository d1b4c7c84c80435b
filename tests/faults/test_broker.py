"""The broker dies or forgets everything, processes are stopped while people work: all of it heals by itself."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from faults import checker
from faults.checker import STUCK
from faults.patient import Patient, on_sqlite
from faults.soak import Stubborn
from journeys.people import Json, Office, until
from local.suite import SERVICES

pytestmark = pytest.mark.slow


def a_day(office: Office, begun: Event) -> None:
    """What an office does on a day: it buys, hands out, changes its mind."""
    for number, plan in enumerate(("eco", "pro")):
        order = office.buys(plan, 3)
        begun.set()
        people = [office.hires(f"{plan} {n}", locale=("en", "fr")[n % 2]) for n in range(3)]
        office.awaits_free(plan, 3)
        assignments = [office.assigns(person, plan) for person in people]
        office.renames(people[0], f"{plan} renamed {number}")
        office.unassigns(assignments[0])
        parking = office.parks(plan, 1)
        office.unassigns(assignments[1])
        office.undoes(parking)
        office.assigns(people[1], plan)
        office.awaits_licenses(order)


class Insistent(Stubborn):
    """Asks again whatever breaks, and pays until it is paid."""

    def buys(self, plan: str, seats: int, interval: str = "month") -> Json:
        order = self.orders(plan, seats, interval)
        self.gets(order)
        return order


def at_work(patient: Patient, number: int = 4, kind: type[Office] = Office):
    """So many offices work at once; call the answer to wait for their evening and look at everything."""
    offices = [kind(patient.suite, f"Office {n}") for n in range(number)]
    begun = [Event() for _ in offices]
    threads = ThreadPoolExecutor(number)
    days = [threads.submit(a_day, office, event) for office, event in zip(offices, begun, strict=True)]
    assert all(event.wait(60) for event in begun)

    def evening() -> list[checker.Finding]:
        for day in days:
            day.result()
        threads.shutdown()
        return checker.until_whole(patient.suite, *offices)

    return evening


def test_a_broker_killed_while_people_work_loses_nothing(patient):
    evening = at_work(patient)
    patient.rabbitmq.kill()
    # Seats go on appearing, through the logs.
    office = Office(patient.suite)
    office.awaits_licenses(office.buys("eco", 1))
    patient.rabbitmq.start()

    assert evening() == []
    assert checker.until_whole(patient.suite, office) == []


def test_a_broker_that_lost_its_disk_is_made_up_for_by_the_logs(patient):
    office = Office(patient.suite)
    office.awaits_licenses(office.buys("eco", 2))
    patient.down("entitlements-worker", "notifier-worker")
    order = office.buys("pro", 2)
    office.assigns(office.hires("Person"), "eco")
    until("the relay of orders", lambda: unsent(patient, "orders") == 0)  # the broker had it, and loses it
    patient.rabbitmq.wipe()
    patient.rabbitmq.start()
    patient.up("entitlements-worker", "notifier-worker")

    office.awaits_licenses(order)
    assert checker.until_whole(patient.suite, office) == []
    assert speaks_through_the_broker_again(patient)


def unsent(patient: Patient, service: str) -> int:
    [[count]] = patient.sql(service, "SELECT count(*) FROM outbox WHERE published_at IS NULL")
    return int(count)


def speaks_through_the_broker_again(patient: Patient) -> bool:
    """Every queue is bound again to every exchange that its service follows."""

    def bindings() -> set[tuple[str, str]]:
        listed = patient.rabbitmq.ctl("list_bindings", "source_name", "destination_name").splitlines()
        return {(source, queue) for source, queue in (line.split("\t") for line in listed) if source}

    wanted = {
        (f"seatwise.{source}", f"{service}.inbox")
        for service in SERVICES
        for source in checker.followed_by(service)
    }
    return until("all bindings", lambda: bindings() >= wanted)


def queues_lost(patient: Patient, office: Office) -> None:
    """What was sent and not yet read is lost, with the queues themselves."""
    patient.down("entitlements-worker", "notifier-worker")
    office.buys("pro", 1)
    until("the relay of orders", lambda: unsent(patient, "orders") == 0)
    with patient.channel() as channel:
        for service in ("entitlements", "notifier"):
            channel.queue_delete(f"{service}.inbox")


def test_queues_that_were_deleted_are_made_anew_and_what_they_held_is_read_from_the_logs(patient):
    office = Office(patient.suite)
    queues_lost(patient, office)
    patient.up("entitlements-worker", "notifier-worker")

    assert checker.until_whole(patient.suite, office) == []


@on_sqlite
def test_control_a_consumer_that_never_reads_the_logs_is_caught_when_queues_are_lost(patient):
    office = Office(patient.suite)
    queues_lost(patient, office)
    patient.mutate("entitlements-worker notifier-worker", "catch_up_off")

    assert STUCK in {finding.kind for finding in patient.at_rest(office)}


def test_workers_told_to_stop_while_people_work_end_in_order_and_nothing_is_lost(patient):
    evening = at_work(patient)
    workers = [f"{service}-worker" for service in SERVICES]
    children = [patient.suite.processes[worker].child for worker in workers]
    patient.down(*workers)
    assert [child.returncode for child in children] == [0] * len(workers)
    patient.up(*workers)

    assert evening() == []


def test_killed_workers_are_replaced_and_nothing_is_lost(patient):
    evening = at_work(patient)
    for service in SERVICES:
        patient.touched.add(f"{service}-worker")
        patient.suite.processes[f"{service}-worker"].crash()
    patient.let_claims_end()

    assert evening() == []


@pytest.mark.matrix
def test_services_restarted_one_after_the_other_while_people_work_lose_nothing(patient):
    evening = at_work(patient, kind=Insistent)
    for service in SERVICES:
        patient.down(service)
        patient.up(service)

    assert evening() == []
