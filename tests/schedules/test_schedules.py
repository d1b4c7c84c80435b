"""Whatever is committed takes effect once and in order, in any schedule of deaths, losses and restores.

SCHEDULES is how many schedules each rule is tried with (150); the same ones every time. Each broken variant of
the kit must be caught by the machine that passes the whole one.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from schedules import mutants
from schedules.machine import Deliveries, Schedules

Machine = type[RuleBasedStateMachine]
TRIED = int(os.environ.get("SCHEDULES", "150"))
ENOUGH_TO_CATCH = 2000  # the search ends with the first schedule that fails
CAUGHT: list[tuple[Callable[[], AbstractContextManager[None]], Machine]] = [
    (mutants.a_cursor_without_sequence, Deliveries),
    (mutants.a_cursor_that_moves_after_the_effect_is_committed, Deliveries),
    (mutants.a_consumer_that_acknowledges_first, Deliveries),
    (mutants.a_relay_that_marks_first, Deliveries),
    (mutants.an_outbox_that_does_not_wait_for_the_commit, Schedules),
    (mutants.heads_that_are_not_stored, Schedules),
    (mutants.looks_that_do_not_overlap, Schedules),
    (mutants.events_whose_previous_is_not_compared, Schedules),
    (mutants.looks_that_compare_no_heads, Schedules),
    (mutants.a_way_back_that_stops_one_event_early, Schedules),
    (mutants.a_way_back_that_keeps_what_was_undone, Schedules),
]


def tried(machine: Machine, most: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    chosen = settings(
        max_examples=most,
        stateful_step_count=30,
        phases=phases,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=chosen)


def test_the_delivery_loses_and_repeats_nothing_while_the_broker_loses_nothing():
    tried(Deliveries, TRIED)


def test_nothing_is_lost_or_repeated_whatever_is_lost_and_after_a_restore_the_way_back_leads_to_one_history():
    tried(Schedules, TRIED)


@pytest.mark.parametrize(("broken", "machine"), CAUGHT)
def test_control_the_machine_catches(broken, machine):
    with broken(), pytest.raises(AssertionError):
        tried(machine, ENOUGH_TO_CATCH, phases=(Phase.generate,))
