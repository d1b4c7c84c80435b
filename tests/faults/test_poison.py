"""An event that cannot be applied stops its own stream and no other, says why, and waits for an operator."""

import json
from functools import partial

import pytest

from faults import checker
from faults.checker import STUCK
from faults.patient import Patient, on_sqlite
from journeys.people import Json, Office, until

pytestmark = pytest.mark.slow

READERS = ("entitlements", "notifier")
POISON = '{"order_id": "none of ours"}'


@pytest.fixture
def office(patient: Patient) -> Office:
    office = Office(patient.suite)
    office.awaits_licenses(office.buys("eco", 2))
    return office


@pytest.fixture
def neighbour(patient: Patient) -> Office:
    return Office(patient.suite, "Next door")


def stopped(patient: Patient, reader: str, office: Office) -> str:
    """Why a stream about the office stopped there; workers that die meanwhile are replaced at once."""
    patient.leads(f"{reader}-worker")
    rows = patient.sql(reader, "SELECT subject, stopped FROM cursors WHERE stopped IS NOT NULL")
    return next((reason for subject, reason in rows if subject == office.id), "")


def until_stopped(patient: Patient, office: Office) -> None:
    for reader in READERS:
        until(f"the stream to stop in {reader}", partial(stopped, patient, reader, office))


def skip(patient: Patient, office: Office) -> None:
    """Both readers step over it."""
    for reader in READERS:
        patient.suite.run(
            reader, "streams", "skip", "orders", office.id, "--reason", "said by a faulty release"
        )


def test_an_event_that_no_reader_understands_stops_its_stream_until_it_is_skipped(patient, office, neighbour):
    poison = patient.says("orders", office, "order.paid", POISON)
    later = office.buys("pro", 1)
    until_stopped(patient, office)
    [line] = patient.suite.run("entitlements", "streams", "list").splitlines()
    assert line.startswith(f"orders {office.id} after ")
    assert "failed 2 times: ValidationError" in line

    # The account alone waits: others are served, and its people still work with what they have.
    neighbour.awaits_licenses(neighbour.buys("pro", 1))
    assert checker.until_whole(patient.suite, neighbour) == []
    office.assigns(office.hires("Person"), "eco")
    assert office.pool("pro") == {}
    assert STUCK in {finding.kind for finding in checker.findings(patient.suite, office)}

    shown = json.loads(patient.suite.run("entitlements", "streams", "show", "orders", office.id))
    assert (shown["id"], shown["type"]) == (poison, "order.paid")
    patient.suite.run("entitlements", "streams", "retry", "orders", office.id)
    until_stopped(patient, office)

    skip(patient, office)
    office.awaits_licenses(later)
    assert checker.until_whole(patient.suite, office, skipped=[poison]) == []


@on_sqlite
def test_control_a_reader_that_retries_in_place_is_caught(patient):
    office, neighbour = Office(patient.suite), Office(patient.suite)
    patient.mutate("entitlements-worker", "retry_in_place")
    poison = patient.says("orders", office, "order.paid", POISON)
    neighbour.buys("pro", 1)
    assert STUCK in {finding.kind for finding in checker.until_whole(patient.suite, neighbour, within=6)}

    patient.heal()
    until_stopped(patient, office)
    skip(patient, office)
    assert checker.until_whole(patient.suite, neighbour) == []
    assert checker.until_whole(patient.suite, office, skipped=[poison]) == []


def swallows_poison(patient: Patient, office: Office, person: Json) -> None:
    fields = {name: person[name] for name in ("email", "name", "locale", "roles")}
    told = {"member_id": person["id"], **fields, "state": "active", "poison": True}
    patient.says("entitlements", office, "member.changed", json.dumps(told))


def test_an_event_that_kills_the_process_is_stopped_alone_and_retried_after_the_fix(patient, office, neighbour):
    person = office.hires("Person")
    assert checker.until_whole(patient.suite, office, neighbour) == []
    patient.mutate("notifier-worker", "dies_of_poison")
    swallows_poison(patient, office, person)
    office.assigns(person, "eco")  # behind it in the same stream
    neighbour.hires("Innocent")  # beside it, perhaps in the same batch

    why = until("the stream to stop", lambda: stopped(patient, "notifier", office))
    assert "the process ended while applying this event" in why
    assert checker.until_whole(patient.suite, neighbour) == []
    assert office.mails_to(person, 0) == []

    patient.heal()
    patient.suite.run("notifier", "streams", "retry", "entitlements", office.id)
    assert checker.until_whole(patient.suite, office) == []
    assert len(office.mails_to(person)) == 1


@on_sqlite
@pytest.mark.matrix
def test_control_a_reader_that_commits_no_attempt_is_caught_when_an_event_kills_it(patient, office, neighbour):
    person = office.hires("Person")
    assert checker.until_whole(patient.suite, office, neighbour) == []
    patient.mutate("notifier-worker", "dies_of_poison", "attempts_forgotten")
    swallows_poison(patient, office, person)
    neighbour.hires("Innocent")
    found = checker.until_whole(patient.suite, office, neighbour, within=8)
    patient.heal()

    assert checker.until_whole(patient.suite, office, neighbour) == []
    assert STUCK in {finding.kind for finding in found}
