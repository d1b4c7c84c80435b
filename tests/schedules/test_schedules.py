"""Whatever is committed takes effect once and in order, in any schedule of deaths, losses and restores.

SCHEDULES is how many schedules each rule is tried with (150); the same ones every time. Each broken variant of
the kit must be caught by the machine that passes the whole one.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from schedules import mutants
from schedules.machine import Deliveries, Schedules

Machine = type[RuleBasedStateMachine]
TRIED = int(os.environ.get("SCHEDULES", "150"))
ENOUGH_TO_CATCH = 2000  # the search ends with the first schedule that fails
Broken = Callable[[], AbstractContextManager[None]]
CAUGHT_BY_DELIVERIES: list[Broken] = [
    mutants.a_cursor_without_sequence,
    mutants.a_cursor_that_moves_after_the_effect_is_committed,
    mutants.a_consumer_that_acknowledges_first,
    mutants.a_relay_that_marks_first,
]
CAUGHT_BY_SCHEDULES: list[Broken] = [
    mutants.an_outbox_that_does_not_wait_for_the_commit,
    mutants.heads_that_are_not_stored,
    mutants.looks_that_do_not_overlap,
    mutants.events_whose_previous_is_not_compared,
    mutants.looks_that_compare_no_heads,
    mutants.a_way_back_that_stops_one_event_early,
    mutants.a_way_back_that_keeps_what_was_undone,
]


def tried(machine: Machine, most: int, phases: tuple[Phase, ...] = tuple(Phase)) -> int:
    """How many schedules it was."""
    begun = count()

    class Counted(machine):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            next(begun)
            super().__init__()

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
    run_state_machine_as_test(Counted, settings=chosen)
    return next(begun)


def test_the_delivery_loses_and_repeats_nothing_while_the_broker_loses_nothing(figure):
    schedules = tried(Deliveries, TRIED)
    figure(f"{schedules:,} schedules of deaths and a broker that repeats")

    assert schedules >= TRIED


def test_nothing_is_lost_or_repeated_and_after_a_restore_the_way_back_leads_to_one_history(
    figure,
):
    schedules = tried(Schedules, TRIED)
    figure(f"{schedules:,} schedules of deaths, losses and restores")

    assert schedules >= TRIED


@pytest.mark.parametrize("broken", CAUGHT_BY_DELIVERIES)
def test_control_the_machine_of_deliveries_catches(broken):
    with broken(), pytest.raises(AssertionError):
        tried(Deliveries, ENOUGH_TO_CATCH, phases=(Phase.generate,))


@pytest.mark.parametrize("broken", CAUGHT_BY_SCHEDULES)
def test_control_the_machine_of_schedules_catches(broken):
    with broken(), pytest.raises(AssertionError):
        tried(Schedules, ENOUGH_TO_CATCH, phases=(Phase.generate,))
