"""Each service alone: whatever is down, the others do their own job, and everything catches up by itself."""

import pytest

from faults import checker
from faults.patient import Patient, mostly_on_sqlite
from journeys.people import Office

pytestmark = [pytest.mark.slow, mostly_on_sqlite]


@pytest.fixture
def office(patient: Patient) -> Office:
    """With two free licenses, and nothing under way."""
    office = Office(patient.suite)
    office.awaits_licenses(office.buys("eco", 2))
    return office


def test_without_the_catalog_people_still_buy_and_assign(patient, office):
    patient.down("catalog")
    assert [offer["plan"] for offer in office.sees_offers()] == ["eco", "advanced", "pro"]
    office.awaits_licenses(office.buys("pro", 1))
    person = office.hires("Person")
    office.assigns(person, "pro")
    assert office.may_use(person, "retrieval")["allowed"]
    assert len(office.mails_to(person)) == 1
    patient.up("catalog")

    assert checker.until_whole(patient.suite, office) == []


def test_without_entitlements_people_still_pay_and_the_seats_appear_later(patient, office):
    patient.down("entitlements")
    order = office.buys("pro", 2)
    assert office.order(order)["status"] == "paid"
    patient.up("entitlements")

    office.awaits_licenses(order)
    assert office.pool("pro")["free"] == 2
    assert checker.until_whole(patient.suite, office) == []


def test_without_the_notifier_the_mails_come_later_and_once(patient, office):
    patient.down("notifier")
    office.awaits_licenses(office.buys("pro", 1))
    people = [office.hires(f"Person {n}") for n in range(2)]
    for person in people:
        office.assigns(person, "eco")
    assert [office.mails_to(person, 0) for person in people] == [[], []]
    patient.up("notifier")

    assert [len(office.mails_to(person)) for person in people] == [1, 1]
    assert checker.until_whole(patient.suite, office) == []


def test_without_orders_people_still_get_their_licenses(patient, office):
    patient.down("orders")
    person = office.hires("Person")
    office.assigns(person, "eco")
    assert office.may_use(person, "attachments.max_mb")["reason"] == "feature-not-in-plan"
    office.undoes(office.parks("eco", 1))
    assert len(office.mails_to(person)) == 1
    patient.up("orders")

    assert checker.until_whole(patient.suite, office) == []


def test_without_the_broker_seats_and_mails_come_through_the_logs(patient, office):
    patient.rabbitmq.kill()
    order = office.buys("pro", 1)
    office.awaits_licenses(order)
    person = office.hires("Person")
    office.assigns(person, "pro")
    assert len(office.mails_to(person)) == 1
    patient.rabbitmq.start()

    assert checker.until_whole(patient.suite, office) == []


def test_without_the_mail_server_mails_wait_and_then_come_once(patient, office):
    patient.suite.mailbox.fail("451 4.3.0 Try later", times=2)
    person = office.hires("Person")
    office.assigns(person, "eco")

    assert len(office.mails_to(person)) == 1
    assert checker.until_whole(patient.suite, office) == []


def test_control_the_checker_says_what_is_missing_while_a_service_is_down(patient, office):
    patient.down("notifier")
    office.assigns(office.hires("Person"), "eco")
    found = checker.findings(patient.suite, office)
    patient.up("notifier")

    assert {finding.kind for finding in found} >= {checker.STUCK, checker.LOST}
    assert checker.until_whole(patient.suite, office) == []
