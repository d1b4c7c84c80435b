"""An event that cannot be applied stops its own stream and no other, says why, and waits for an operator."""

import json
from itertools import count

import pytest
from faults import checker
from faults.checker import STUCK
from faults.patient import Patient
from journeys.people import Office, until

pytestmark = pytest.mark.slow

READERS = ("entitlements", "notifier")


@pytest.fixture
def office(patient: Patient) -> Office:
    office = Office(patient.suite)
    office.awaits_licenses(office.buys("eco", 2))
    return office


@pytest.fixture
def neighbour(patient: Patient) -> Office:
    return Office(patient.suite, "Next door")


def stopped(patient: Patient, service: str, office: Office) -> str:
    """The line of `streams list` about the office."""
    listed = patient.suite.run(service, "streams", "list").splitlines()
    return next((line for line in listed if office.id in line), "")


def test_an_event_that_no_reader_understands_stops_its_stream_until_it_is_skipped(patient, office, neighbour):
    poison = patient.says("orders", office, "order.paid", '{"order_id": "none of ours"}')
    later = office.buys("pro", 1)
    for reader in READERS:
        assert "failed" in until("the stream to stop", lambda r=reader: stopped(patient, r, office))

    # The account alone waits: others are served, and its people still work with what they have.
    neighbour.awaits_licenses(neighbour.buys("pro", 1))
    assert checker.until_whole(patient.suite, neighbour) == []
    office.assigns(office.hires("Person"), "eco")
    assert office.pool("pro") == {}
    assert STUCK in {finding.kind for finding in checker.findings(patient.suite, office)}

    shown = json.loads(patient.suite.run("entitlements", "streams", "show", "orders", office.id))
    assert (shown["id"], shown["type"]) == (poison, "order.paid")
    patient.suite.run("entitlements", "streams", "retry", "orders", office.id)
    until("it to stop again", lambda: stopped(patient, "entitlements", office))

    for reader in READERS:
        patient.suite.run(reader, "streams", "skip", "orders", office.id, "--reason", "said by a faulty release")
        assert stopped(patient, reader, office) == ""
    office.awaits_licenses(later)
    assert checker.until_whole(patient.suite, office, skipped=[poison]) == []


def test_control_a_reader_that_retries_in_place_is_caught(patient, office, neighbour):
    patient.mutate("entitlements-worker", "retry_in_place")
    poison = patient.says("orders", office, "order.paid", '{"order_id": "none of ours"}')
    neighbour.buys("pro", 1)
    assert STUCK in {finding.kind for finding in checker.until_whole(patient.suite, neighbour, within=6)}

    patient.heal()
    for reader in READERS:
        until("the stream to stop", lambda r=reader: stopped(patient, r, office))
        patient.suite.run(reader, "streams", "skip", "orders", office.id, "--reason", "said by a faulty release")
    assert checker.until_whole(patient.suite, neighbour) == []
    assert checker.until_whole(patient.suite, office, skipped=[poison]) == []


def test_an_event_that_kills_the_process_is_found_stopped_alone_and_retried_after_the_fix(
    patient, office, neighbour
):
    person = office.hires("Person")
    assert checker.until_whole(patient.suite, office, neighbour) == []
    patient.mutate("notifier-worker", "dies_of_poison")
    told = {"member_id": person["id"], **{field: person[field] for field in ("email", "name", "locale", "roles")}}
    patient.says("entitlements", office, "member.changed", json.dumps({**told, "state": "active", "poison": True}))
    office.assigns(person, "eco")  # behind it in the same stream
    neighbour.hires("Innocent")  # beside it, perhaps in the same batch

    def leading_again() -> str:
        """Each death costs ten seconds of the lease, which we do not wait for."""
        patient.leads("notifier-worker")
        return reason() if next(looks) % 20 == 0 else ""

    def reason() -> str:
        rows = patient.sql("notifier", "SELECT subject, stopped FROM cursors WHERE stopped IS NOT NULL")
        return next((why for subject, why in rows if subject == office.id), "")

    looks = count()
    assert "the process ended" in until("the stream to stop", leading_again)
    assert checker.until_whole(patient.suite, neighbour) == []
    assert office.mails_to(person, 0) == []

    patient.heal()
    patient.suite.run("notifier", "streams", "retry", "entitlements", office.id)
    assert checker.until_whole(patient.suite, office) == []
    assert len(office.mails_to(person)) == 1
