"""The state machine: any schedule of commits, deaths, losses, looks and restores, and what must hold."""

import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schedules.broker import Inbox
from schedules.processes import ALL, CONSUMER, PRODUCER, Consumer, Database, Log, Now, Producer, Told

LONGEST_WAIT = 700  # seconds; no attempt waits for longer
FAILPOINTS = ("consumer.before-commit", "consumer.after-commit", "consumer.before-ack")
subjects = st.lists(st.sampled_from("abc"), min_size=1, max_size=3)
places = st.integers(0, 1000)
deaths = st.sampled_from([None, None, *FAILPOINTS])
few_or_all = st.sampled_from([0, 1, 2, 3, ALL, ALL, ALL])


@cache
def _databases_and_log() -> tuple[Database, Database, Log]:
    """The two databases and what serves the log; each schedule begins with them empty."""
    folder = Path(tempfile.mkdtemp(prefix="seatwise-schedules-"))
    producer = Database(folder / "producer.db", PRODUCER, connections=2)
    return producer, Database(folder / "consumer.db", CONSUMER), Log(producer, folder)


class Deliveries(RuleBasedStateMachine):
    """Commits, relay, queue and deaths, with a broker that repeats but loses nothing, and no log.

    What waits for its next attempt is left to the log, so here a dead process is away for longer than that.
    """

    away = LONGEST_WAIT

    def __init__(self) -> None:
        super().__init__()
        self.running = ExitStack()
        self.now = Now()
        self.running.enter_context(self.now.everywhere())
        producer, consumer, log = _databases_and_log()
        self.inbox = Inbox()
        self.producer = Producer(producer)
        self.consumer = Consumer(consumer, log)
        self.told: dict[str, set[Told]] = {}

    @rule(subjects=subjects, commits=st.sampled_from([True, True, False]))
    @precondition(lambda self: not self.producer.busy)
    def commit_or_roll_back(self, subjects: list[str], commits: bool) -> None:
        self.producer.begins(subjects)
        self._end(commits)

    @rule(subjects=subjects)
    @precondition(lambda self: not self.producer.busy)
    def begin(self, subjects: list[str]) -> None:
        self.producer.begins(subjects)

    @rule(commits=st.booleans())
    @precondition(lambda self: self.producer.busy)
    def end(self, commits: bool) -> None:
        self._end(commits)

    def _end(self, commits: bool) -> None:
        for subject, told in self.producer.ends(commits):
            self.told.setdefault(subject, set()).add(told)

    @rule(steps=few_or_all)
    def relay(self, steps: int) -> None:
        self.producer.relays(self.inbox, steps)

    @rule(most=st.integers(1, 5), dies=deaths, patience=few_or_all)
    @precondition(lambda self: self.inbox.ready)
    def deliver(self, most: int, dies: str | None, patience: int) -> None:
        self.consumer.takes(self.inbox, most, dies, patience)
        self.now.passes(self.away)

    @rule(place=places)
    @precondition(lambda self: self.inbox.ready)
    def repeat(self, place: int) -> None:
        self.inbox.repeat(place % len(self.inbox.ready))

    @rule(seconds=st.sampled_from([1, 20, 59]))
    def pass_time(self, seconds: int) -> None:
        self.now.passes(seconds)

    @invariant()
    def effects_are_what_was_told_in_order_and_once(self) -> None:
        """Each effect follows the one that its event follows; no event that was not committed has one."""
        for subject, effects in self.consumer.effects().items():
            for before, number in zip([None, *effects], effects, strict=False):
                assert Told(number, before) in self.told.get(subject, ()), f"{subject}: {effects}"

    @rule()
    @precondition(lambda self: not self.producer.busy)
    def settle(self) -> None:
        """At rest all that was told has taken effect."""
        for _ in range(2):
            self.now.passes(LONGEST_WAIT)
            self.producer.relays(self.inbox, ALL)
            while self.inbox.ready:
                self.consumer.takes(self.inbox, most=50)
        assert self.consumer.effects() == self.producer.histories

    def teardown(self) -> None:
        try:
            if self.producer.busy:
                self._end(commits=True)
            self.settle()
        finally:
            self.running.close()


class Schedules(Deliveries):
    """All that can happen: the broker loses too, there is the log, and the producer may be restored."""

    away = 0
    restored_at = 0  # the first restore after which nobody went back

    @initialize()
    def back_up_at_first(self) -> None:
        self.producer.backs_up()

    @rule(place=places, to=places)
    @precondition(lambda self: self.inbox.ready)
    def reorder(self, place: int, to: int) -> None:
        self.inbox.move(place % len(self.inbox.ready), to % len(self.inbox.ready))

    @rule(place=places)
    @precondition(lambda self: self.inbox.ready)
    def drop(self, place: int) -> None:
        self.inbox.lose(place % len(self.inbox.ready))

    @rule()
    @precondition(lambda self: self.inbox.ready)
    def purge(self) -> None:
        self.inbox.purge()

    @rule(answers=few_or_all, patience=few_or_all)
    def catch_up(self, answers: int, patience: int) -> None:
        self.consumer.catches_up(answers, patience)

    @rule()
    def restart(self) -> None:
        self.consumer.starts()

    @rule()
    @precondition(lambda self: not self.producer.busy)
    def back_up(self) -> None:
        self.producer.backs_up()

    @rule(subjects=st.lists(st.sampled_from("abc"), max_size=4))
    @precondition(lambda self: not self.producer.busy)
    def restore_and_go_on(self, subjects: list[str]) -> None:
        """Back to the backup; what is told from there on is another history."""
        self.producer.is_restored()
        self.now.passes(1)
        self.restored_at = self.restored_at or self.now.instant
        self.now.passes(1)
        if subjects:
            self.producer.begins(subjects)
            self._end(commits=True)

    @rule()
    @precondition(lambda self: self.restored_at)
    def go_back(self) -> None:
        """What operators do after a restore; what waits in the queue may be of the history that was undone."""
        self.inbox.purge()
        self.consumer.goes_back(self.restored_at)
        self.restored_at = 0

    @rule()
    @precondition(lambda self: not self.producer.busy)
    def settle(self) -> None:
        """At rest a stream has read all, or says why it cannot: its source tells another history."""
        self.inbox.purge()
        self._read_all()
        for subject, applied, history in self._stories():
            assert applied == history or not self._agree(applied, history), subject
        self.consumer.starts()
        self._read_all()
        for subject, applied, history in self._stories():
            if history and not self._agree(applied, history):
                stopped = self.consumer.cursors()[subject].stopped
                assert str(stopped).startswith("history-changed"), f"{subject}: {stopped}"
        if self.restored_at:
            self.go_back()
        self._read_all()
        for subject, applied, history in self._stories():
            assert applied == history, subject

    def _stories(self) -> list[tuple[str, list[int], list[int]]]:
        """Of each subject what took effect, and what was told."""
        effects, told = self.consumer.effects(), self.producer.histories
        return [(one, effects.get(one, []), told.get(one, [])) for one in sorted(effects.keys() | told.keys())]

    @staticmethod
    def _agree(applied: list[int], history: list[int]) -> bool:
        return history[: len(applied)] == applied

    def _read_all(self) -> None:
        before = None
        while before != (before := self.consumer.cursors()):
            self.now.passes(LONGEST_WAIT)
            self.consumer.catches_up()
