"""The mail server and the notifier fail around a mail: it arrives, and every copy of it has one Message-ID."""

import time

import pytest

from faults import checker
from faults.checker import GHOST, STUCK
from faults.patient import Patient, on_sqlite
from faults.servers import mail_server_away
from faults.shop import Shop, kinds
from local.mailbox import DROP_AFTER_DATA, DROP_BEFORE_DATA

pytestmark = pytest.mark.slow


def state_of_notices(shop: Shop) -> list[str]:
    rows = checker.read(shop.suite, shop).notices
    return [row["state"] for row in rows if row["assignment"]]


def the_next_mail_meets(fault: str, patient: Patient, shop: Shop) -> None:
    """Once, and not the receipt of what the shop bought before."""
    assert checker.until_whole(patient.suite, shop) == []
    patient.suite.mailbox.fail(fault, times=1)


def test_a_connection_dropped_after_the_mail_brings_no_second_mail_with_another_name(patient, shop):
    the_next_mail_meets(DROP_AFTER_DATA, patient, shop)
    shop.assigns(shop.person, "eco")

    assert checker.until_whole(patient.suite, shop) == []
    assert len({mail["headers"]["Message-ID"] for mail in shop.mails_to(shop.person)}) == 1


@on_sqlite
def test_control_a_message_id_made_for_each_attempt_is_caught(patient, shop):
    patient.mutate("notifier-worker", "fresh_message_id")
    the_next_mail_meets(DROP_AFTER_DATA, patient, shop)
    shop.assigns(shop.person, "eco")

    assert GHOST in kinds(patient.at_rest(shop))


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("fault", "ends"),
    [(DROP_BEFORE_DATA, "sent"), ("451 4.3.0 Try later", "sent"), ("554 5.7.1 Never", "failed")],
)
def test_what_a_mail_server_answers_has_its_consequence_once(patient, shop, fault, ends):
    the_next_mail_meets(fault, patient, shop)
    shop.assigns(shop.person, "eco")

    assert checker.until_whole(patient.suite, shop) == []
    assert state_of_notices(shop) == [ends]


@on_sqlite
@pytest.mark.matrix
def test_control_a_notifier_that_gives_up_at_the_first_no_is_caught(patient, shop):
    patient.mutate("notifier-worker", "gives_up_early")
    the_next_mail_meets(DROP_BEFORE_DATA, patient, shop)
    shop.assigns(shop.person, "eco")
    patient.at_rest(shop)

    assert state_of_notices(shop) == ["failed"]


@pytest.mark.matrix
def test_mails_wait_for_a_server_that_is_away_and_arrive_once(patient, shop):
    with mail_server_away(patient):
        shop.assigns(shop.person, "eco")
        shop.buys("pro", 1)
        time.sleep(2)
        patient.sql("notifier", "UPDATE notices SET due_at = 0 WHERE ended_at IS NULL")  # an hour later

    assert checker.until_whole(patient.suite, shop) == []


def dies_around_the_mail(patient: Patient, shop: Shop, failpoint: str, *mutants: str) -> None:
    patient.arm("notifier-worker", failpoint, *mutants)
    shop.assigns(shop.person, "eco")
    patient.await_death("notifier-worker")
    patient.let_claims_end()


@pytest.mark.matrix
@pytest.mark.parametrize("failpoint", ["mail.before-data:exit", "mail.after-data:exit"])
def test_a_notifier_that_dies_around_a_mail_sends_it_once_more_with_its_name(patient, shop, failpoint):
    dies_around_the_mail(patient, shop, failpoint)

    assert checker.until_whole(patient.suite, shop) == []
    assert len({mail["headers"]["Message-ID"] for mail in shop.mails_to(shop.person)}) == 1


@on_sqlite
@pytest.mark.matrix
def test_control_a_notifier_that_forgets_what_it_was_sending_is_caught(patient, shop):
    dies_around_the_mail(patient, shop, "mail.before-data:exit", "sending_forgotten")

    assert STUCK in kinds(patient.at_rest(shop))
