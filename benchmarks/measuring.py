"""Honest comparisons on a machine that others use too: rounds in which all subjects run once, in random order.

Only ratios inside a round are compared. The floor runs twice in each round; when the two differ by more than a
tenth (the A/A run), nothing that was measured beside it counts.
"""

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import psutil

ROUNDS = 5
LARGEST_DRIFT = 0.10
AGAIN = "the same again"

Subject = Callable[[], float]  # runs once and says what it cost: less is better


class Spread(NamedTuple):
    """The median of what the rounds measured, and the extremes."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))


class Rounds:
    """What each subject cost, round by round; `floor` is the one that all are compared with."""

    def __init__(self, costs: Mapping[str, list[float]], floor: str):
        self.costs, self.floor = costs, floor

    def cost(self, subject: str) -> Spread:
        return Spread.of(self.costs[subject])

    def ratio(self, subject: str, to: str | None = None) -> Spread:
        """How many times as much as the floor, or another subject, it cost in the same round."""
        pairs = zip(self.costs[subject], self.costs[to or self.floor], strict=True)
        return Spread.of([ours / theirs for ours, theirs in pairs])

    @property
    def drift(self) -> float:
        """How far the floor is from itself."""
        return abs(self.ratio(AGAIN).middle - 1)

    @property
    def conclusive(self) -> bool:
        return self.drift <= LARGEST_DRIFT


def compare(subjects: Mapping[str, Subject], *, floor: str, rounds: int = ROUNDS) -> Rounds:
    """Each subject once to warm up, then once a round."""
    runs = {**subjects, AGAIN: subjects[floor]}
    costs: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(-1, rounds):
        for name in random.sample(list(runs), len(runs)):
            cost = runs[name]()
            if number >= 0:
                costs[name].append(cost)
    return Rounds(costs, floor)


def seconds(work: Callable[[], object]) -> float:
    """By the clock on the wall."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def processor_seconds(pid: int, work: Callable[[], object]) -> float:
    """What a process and its children spent on it. The kernel counts in steps of 10 ms: let it be a second."""
    began = _spent(pid)
    work()
    return _spent(pid) - began


def _spent(pid: int) -> float:
    root = psutil.Process(pid)
    times = [one.cpu_times() for one in (root, *root.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))
