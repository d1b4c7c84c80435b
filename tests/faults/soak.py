"""make soak MINUTES=10: offices work while processes, queues, broker and database are killed at random.

Half of the time on each kind of database. At the end nothing may be lost, doubled, from nowhere, wrong or
stuck. What is done follows from the seed, which is printed; a line goes to docs/reports/soak.md.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from faults import checker
from faults.catalog import ROOT
from faults.patient import Patient
from faults.servers import postgres
from journeys.people import Json, Office, Refused, until
from kit import clock
from local.mailbox import DROP_AFTER_DATA, DROP_BEFORE_DATA
from local.suite import POSTGRESQL, SERVICES, SQLITE, Suite

REPORT = ROOT / "docs" / "reports" / "soak.md"
OFFICES = 4
NOBODY_THERE = 180  # seconds after which a service that is killed now and then counts as gone
UNTIL_WHOLE = 120
HEADER = """# Soaks

Written by `make soak`; [docs/faults.md](../faults.md) says what is done.

| when | database | minutes | seed | done by people | done to the suite | found |
|---|---|---|---|---|---|---|
"""


class Stubborn(Office):
    """Asks again, with the same key, whatever breaks between it and the answer."""

    def _send(self, service: str, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        own = {**headers, "Idempotency-Key": clock.new_id()} if method == "POST" else headers
        deadline, again = time.monotonic() + NOBODY_THERE, False
        while True:
            try:
                return super()._send(service, method, path, body, own)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            except Refused as no:
                if no.status == 404 and method == "DELETE" and again:
                    return None  # the first time had its effect
                if no.status < 500 or time.monotonic() > deadline:
                    raise
            again = True
            time.sleep(0.2)

    def gets(self, order: Json) -> None:
        """Pay until it is paid: an attempt that broke off before the charge leaves the order open again."""

        def fulfilled() -> bool:
            status: str = self.order(order)["status"]
            if status == "awaiting_payment":
                self.pays(order)
            return status == "fulfilled"

        until(f"order {order['number']} to be fulfilled", fulfilled, NOBODY_THERE)


class Worker(threading.Thread):
    """One office at work until told to stop; `failure` is what it could not explain."""

    def __init__(self, suite: Suite, number: int, seed: int, over: threading.Event):
        super().__init__(name=f"office {number}")
        self.office = Stubborn(suite, f"Office {number}")
        self.random = random.Random(f"{seed} office {number}")
        self.over = over
        self.done = Counter[str]()
        self.people: list[Json] = []
        self.held: list[Json] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.buys()
            while not self.over.is_set():
                verbs = (self.buys, self.hires, self.assigns, self.assigns, self.unassigns, self.removes)
                self.random.choice(verbs)()
        except BaseException as error:
            self.failure = error

    def buys(self) -> None:
        if self.done["buys"] > 2 * self.done["assigns"] + 2:
            return
        plan, seats = self.random.choice(("eco", "advanced", "pro")), self.random.randint(1, 4)
        self.office.gets(self.office.orders(plan, seats, self.random.choice(("month", "year"))))
        self.done["buys"] += 1

    def hires(self) -> None:
        if len(self.people) < 40:
            self.people.append(self.office.hires(f"Person {len(self.people)}"))
            self.done["hires"] += 1

    def assigns(self) -> None:
        if self.people:
            person = self.random.choice(self.people)
            self.tries("assigns", lambda: self.held.append(self.office.assigns(person, self.plan())))

    def unassigns(self) -> None:
        if self.held:
            one = self.held.pop(self.random.randrange(len(self.held)))
            self.tries("unassigns", lambda: self.office.unassigns(one))

    def removes(self) -> None:
        def park() -> None:
            parking = self.office.parks(self.plan(), 1, self.random.choice(("month", "year")))
            if self.random.random() < 0.5:
                self.office.undoes(parking)

        self.tries("removes", park)

    def plan(self) -> str:
        return self.random.choice(("eco", "advanced", "pro"))

    def tries(self, what: str, act: Callable[[], None]) -> None:
        """The rules may say no: no free license, already one of another plan."""
        try:
            act()
            self.done[what] += 1
        except Refused:
            self.done[f"refused {what}"] += 1


class Misfortune:
    """Hurts the suite, one thing after the other, as the seed says."""

    def __init__(self, patient: Patient, seed: int, say: Callable[[str], None]):
        self.patient, self.suite = patient, patient.suite
        self.random = random.Random(seed)
        self.say = say
        self.done = Counter[str]()
        self.means: list[Callable[[], str]] = [self.kill] * 6 + [self.stop] * 2 + [self.freeze] * 2
        self.means += [self.lose_broker, self.purge, self.delete_queue, self.spoil_mail]
        if self.suite.postgres:
            self.means += [self.lose_database]

    def strike(self) -> None:
        what = self.random.choice(self.means)()
        self.done[what.partition(" ")[0]] += 1
        self.say(what)

    def process(self) -> str:
        return f"{self.random.choice(SERVICES)}-{self.random.choice(('web', 'worker', 'worker'))}"

    def kill(self) -> str:
        name = self.process()
        self.suite.processes[name].crash()
        return f"kill {name}"

    def stop(self) -> str:
        name = self.process()
        self.suite.stop_process(name)
        self.suite.processes[name].start()
        return f"stop {name}"

    def freeze(self) -> str:
        name, seconds = self.process(), self.random.uniform(1, 13)
        with frozen(self.suite, name):
            time.sleep(seconds)
        return f"freeze {name} for {seconds:.0f} s"

    def lose_broker(self) -> str:
        if node := self.patient.rabbitmq.node:
            node.crash()
        return "broker killed"

    def purge(self) -> str:
        return self.queue("purge", lambda channel, queue: channel.queue_purge(queue))

    def delete_queue(self) -> str:
        return self.queue("delete", lambda channel, queue: channel.queue_delete(queue))

    def queue(self, verb: str, act: Callable[[Any, str], object]) -> str:
        queue = f"{self.random.choice([name for name in SERVICES if name != 'catalog'])}.inbox"
        try:
            with self.patient.channel() as channel:
                act(channel, queue)
        except Exception as error:  # the broker may be away just now
            return f"{verb} {queue} in vain ({type(error).__name__})"
        return f"{verb} {queue}"

    def spoil_mail(self) -> str:
        fault = self.random.choice((DROP_AFTER_DATA, DROP_BEFORE_DATA, "451 4.3.0 Try later"))
        self.suite.mailbox.fail(fault, times=1)
        return f"mail: {fault}"

    def lose_database(self) -> str:
        postgres(self.patient, "restart", "immediate")
        return "database killed"


class frozen:  # noqa: N801  reads as a verb
    """The process and its children sleep during the block, unless it is dead anyway."""

    def __init__(self, suite: Suite, name: str):
        self.pid = suite.processes[name].pid

    def __enter__(self) -> None:
        self.signal("SIGSTOP")

    def __exit__(self, *_: object) -> None:
        self.signal("SIGCONT")

    def signal(self, name: str) -> None:
        with suppress(ProcessLookupError):
            if self.pid:
                os.killpg(self.pid, signal.Signals[name])


def soak(databases: str, minutes: float, seed: int) -> bool:
    """True when nothing was amiss in the end."""
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)

    # The server for tests forgets what was committed just before it is killed, unless told otherwise.
    env = {"STOP_AFTER": "3600", "PGOPTIONS": "-c synchronous_commit=on"}
    directory = Path(tempfile.mkdtemp(prefix="seatwise-soak-"))
    suite = Suite(directory, databases=databases, units=SERVICES, env=env, say=lambda _: None)
    suite.start()
    try:
        over = threading.Event()
        workers = [Worker(suite, number, seed, over) for number in range(OFFICES)]
        misfortune = Misfortune(Patient(suite, []), seed, say)
        say(f"{databases}, seed {seed}: {OFFICES} offices work for {minutes:g} min; logs in {directory}/logs")
        for worker in workers:
            worker.start()
        ends = time.monotonic() + minutes * 60
        while time.monotonic() < ends and not any(worker.failure for worker in workers):
            time.sleep(misfortune.random.uniform(0.5, 6))
            misfortune.strike()
        over.set()
        suite.mailbox.heal()
        say("the offices finish what they are doing")
        for worker in workers:
            worker.join()
        suite.await_ready()
        found = [checker.Finding(checker.WRONG, f"{w.name}: {w.failure!r}") for w in workers if w.failure]
        found += checker.until_whole(suite, *(worker.office for worker in workers), within=UNTIL_WHOLE)
    finally:
        suite.stop()
    for finding in found:
        say(f"{finding.kind}: {finding.text}")
    done = sum((worker.done for worker in workers), Counter[str]())
    kinds = Counter(finding.kind for finding in found)
    say("nothing is amiss" if not found else f"amiss: {words(kinds)}")
    cells = [time.strftime("%Y-%m-%d %H:%M", time.gmtime()), databases, f"{minutes:g}", str(seed), words(done)]
    append([*cells, words(misfortune.done), words(kinds) if found else "nothing"])
    return not found


def words(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in counts.most_common())


def append(cells: list[str]) -> None:
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    told = REPORT.read_text() if REPORT.exists() else HEADER
    REPORT.write_text(f"{told}| {' | '.join(cells)} |\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--database", choices=(SQLITE, POSTGRESQL), action="append")
    told = parser.parse_args()
    databases = told.database or [SQLITE, POSTGRESQL]
    held = [soak(one, told.minutes / len(databases), told.seed) for one in databases]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
