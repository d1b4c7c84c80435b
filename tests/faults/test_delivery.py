"""Processes that die between two steps of the delivery: nothing is lost, no effect happens twice.

Each rule has its control: the same death with a deliberately broken variant, which the checker must catch.
"""

import pytest

from faults import checker
from faults.checker import DOUBLED, STUCK
from faults.patient import Patient, on_sqlite
from faults.shop import Shop, kinds

pytestmark = pytest.mark.slow

FORGETFUL = ("cursor_without_sequence", "notices_without_key")


@pytest.fixture
def office(shop: Shop) -> Shop:
    return shop


def relay_dies_after_the_confirm(patient: Patient, office: Shop) -> None:
    patient.arm("entitlements-worker", "relay.before-mark:exit")
    office.assigns(office.person, "eco")
    patient.await_death("entitlements-worker")


def test_a_relay_that_dies_between_confirm_and_mark_sends_again_without_a_second_effect(patient, office):
    relay_dies_after_the_confirm(patient, office)

    assert checker.until_whole(patient.suite, office) == []


@on_sqlite
def test_control_a_cursor_without_sequence_is_caught_when_the_relay_sends_again(patient, office):
    patient.mutate("notifier-worker", *FORGETFUL)
    relay_dies_after_the_confirm(patient, office)

    assert DOUBLED in kinds(patient.at_rest(office))


def consumer_dies_after_the_commit(patient: Patient, office: Shop, *mutants: str) -> None:
    patient.arm("notifier-worker", "consumer.before-ack:exit", *mutants)
    office.assigns(office.person, "eco")
    patient.await_death("notifier-worker")


def test_a_consumer_that_dies_between_commit_and_ack_gets_it_again_without_a_second_effect(patient, office):
    consumer_dies_after_the_commit(patient, office)

    assert checker.until_whole(patient.suite, office) == []


@on_sqlite
def test_control_a_cursor_without_sequence_is_caught_when_the_queue_delivers_again(patient, office):
    consumer_dies_after_the_commit(patient, office, *FORGETFUL)

    assert DOUBLED in kinds(patient.at_rest(office))


def trust_the_broker_alone(patient: Patient) -> None:
    """Without the logs behind it, the delivery itself must lose nothing."""
    patient.mutate("entitlements-worker notifier-worker", "catch_up_off")


def test_a_relay_that_dies_before_the_confirm_sends_again(patient, office):
    trust_the_broker_alone(patient)
    patient.arm("orders-worker", "relay.after-publish:exit")
    office.orders("pro", 1)
    patient.await_death("orders-worker")

    assert checker.until_whole(patient.suite, office) == []


@on_sqlite
def test_control_a_relay_that_marks_before_the_confirm_is_caught(patient, office):
    trust_the_broker_alone(patient)
    patient.arm("orders-worker", "relay.after-publish:exit", "mark_first")
    office.orders("pro", 1)
    patient.await_death("orders-worker")

    assert STUCK in kinds(patient.at_rest(office))


def test_a_consumer_that_dies_before_the_commit_gets_it_again(patient, office):
    trust_the_broker_alone(patient)
    patient.arm("entitlements-worker", "consumer.before-commit:exit", "catch_up_off")
    office.buys("pro", 1)
    patient.await_death("entitlements-worker")

    assert checker.until_whole(patient.suite, office) == []


@on_sqlite
def test_control_a_consumer_that_acks_before_the_commit_is_caught(patient, office):
    trust_the_broker_alone(patient)
    patient.arm("entitlements-worker", "consumer.before-commit:exit", "catch_up_off", "ack_first")
    office.buys("pro", 1)
    patient.await_death("entitlements-worker")

    assert STUCK in kinds(patient.at_rest(office))


def redelivered_shuffled(patient: Patient, office: Shop) -> None:
    """What was said while the notifier was away arrives three times, in no order."""
    patient.down("notifier-worker")
    for number in range(49):
        office.renames(office.person, f"Person {number}")
    office.assigns(office.person, "eco")
    patient.await_sent("entitlements")
    patient.purge("notifier")
    patient.republish("entitlements", [office], times=3)


def test_events_repeated_and_shuffled_take_effect_once_and_in_order(patient, office):
    redelivered_shuffled(patient, office)
    patient.up("notifier-worker")

    assert checker.until_whole(patient.suite, office) == []


@on_sqlite
def test_control_a_cursor_without_sequence_is_caught_when_events_are_repeated_and_shuffled(patient, office):
    redelivered_shuffled(patient, office)
    patient.mutate("notifier-worker", *FORGETFUL)

    assert DOUBLED in kinds(patient.at_rest(office))


def test_everything_ever_said_may_come_again_five_times(patient, office):
    office.assigns(office.person, "eco")
    assert checker.until_whole(patient.suite, office) == []
    before = [len(rows) for rows in checker.read(patient.suite, office).outbox.values()]
    for source in ("orders", "entitlements", "notifier"):
        patient.republish(source, [office], times=5)

    assert patient.at_rest(office) == []
    assert [len(rows) for rows in checker.read(patient.suite, office).outbox.values()] == before
