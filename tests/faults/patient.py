"""A suite that tests hurt: processes that die at named points or run broken code, a broker that is lost."""

import os
import random
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pika
import psycopg2
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from faults import checker
from journeys.people import Office, until
from kit import broker
from local.processes import Process
from local.rabbitmq import RabbitMQ
from local.suite import POSTGRESQL, SERVICES, SQLITE, Suite

HERE = Path(__file__).parent
MUTANTS = HERE / "mutants"
FAILPOINT_EXIT = 86
# How much each queue holds, from itself: what `list_queues` says of quorum queues may be five seconds old.
HELD = """
    [{element(4, amqqueue:get_name(Queue)), Held}
     || Queue <- rabbit_amqqueue:list(), amqqueue:get_type(Queue) =:= rabbit_quorum_queue,
        Leader <- [amqqueue:get_pid(Queue)],
        {ok, Held, _} <- [ra:consistent_query(Leader, fun rabbit_fifo:query_messages_total/1)]].
"""

# What a check has to see does not depend on the kind of database.
on_sqlite = pytest.mark.parametrize("ward", [SQLITE], indirect=True)
# Or only little, so that one of them is enough unless all faults are wanted.
mostly_on_sqlite = pytest.mark.parametrize(
    "ward", [SQLITE, *[POSTGRESQL] * ("FAULT_MATRIX" in os.environ)], indirect=True
)
# On SQLite, writers wait for each other and nothing lies between a process and its database.
on_postgresql = pytest.mark.parametrize("ward", [POSTGRESQL], indirect=True)


class Patient:
    """`suite`, and `said` by its supervisor (which process ended, and how); heal() undoes all but the data."""

    def __init__(self, suite: Suite, said: list[str]):
        self.suite = suite
        self.said = said
        self.touched: set[str] = set()
        assert suite.rabbitmq is not None
        self.rabbitmq: RabbitMQ = suite.rabbitmq

    def heal(self) -> None:
        """The mail server, the broker and every process run again, as they are meant to."""
        self.suite.mailbox.heal()
        if self.rabbitmq.node is None or self.rabbitmq.node.pid is None:
            self.rabbitmq.start()
        for name in self.touched:
            self.suite.processes[name].env.pop("MUTANTS", None)
            self.suite.processes[name].terminate()
        for name in self.touched:
            self.suite.processes[name].wait()
            self.suite.processes[name].start()
        self._await(*self.touched)
        self.touched.clear()
        self.said.clear()

    # Processes

    def down(self, *names: str) -> None:
        """Stop these processes; a service's name stands for both of its."""
        for name in _processes(names):
            self.touched.add(name)
            self.suite.processes[name].terminate()
        for name in _processes(names):
            self.suite.processes[name].wait()

    def up(self, *names: str) -> None:
        for name in _processes(names):
            self.suite.processes[name].start()
        self._await(*_processes(names))
        self._as_before(*_processes(names))

    def arm(self, process: str, failpoint: str, *mutants: str) -> None:
        """Start it anew so that it dies at the failpoint; its supervisor then starts it unarmed."""
        self.down(process)
        self.said.clear()
        self._break(process, mutants)
        self.suite.processes[process].start(FAILPOINT=failpoint)
        self._await(process)

    def await_death(self, process: str) -> None:
        """Until it died at its failpoint and was started again."""
        how = f"{process} ended (exit code {FAILPOINT_EXIT})"
        until(how, lambda: any(line.startswith(how) for line in self.said))
        self._await(process)
        self._as_before(process)

    def mutate(self, processes: str, *mutants: str) -> None:
        """Start these processes anew with broken code, which they keep when they are started again."""
        names = processes.split()
        self.down(*names)
        for name in names:
            self._break(name, mutants)
        self.up(*names)

    def _break(self, process: str, mutants: Iterable[str]) -> None:
        self.suite.processes[process].env.update(broken_by(mutants))
        self.suite.processes[process].pause = 0.1  # it dies at our word, not for the many-th time

    @contextmanager
    def beside(self, process: str, number: int = 1, *mutants: str, **env: str) -> Iterator[list[Process]]:
        """More of the same process, which nobody starts anew, until the end of the block."""
        like, (unit, role) = self.suite.processes[process], process.split("-")
        command = [sys.executable, "-m", unit, role]
        own = {**like.env, **broken_by(mutants), **env}
        more = [Process(f"{process}-{n}", command, own, like.log) for n in range(2, number + 2)]
        for one in more:
            one.start()
        try:
            yield more
        finally:
            for one in more:
                one.terminate()
            for one in more:
                one.wait()

    def log_of(self, process: str, since: int = 0) -> str:
        """What the process wrote after so many characters of its log."""
        return self.suite.processes[process].log.read_text(errors="replace")[since:]

    def _as_before(self, *processes: str) -> None:
        """These run again as they are meant to, unless their code is broken."""
        self.touched -= {name for name in processes if not self.suite.processes[name].env.get("MUTANTS")}

    def _await(self, *processes: str) -> None:
        """Until web answers and the worker relays and consumes."""
        self.suite.await_ready(*processes) if processes else None
        for process in processes:
            if process.endswith("-worker"):
                until(f"{process} to lead", lambda name=process: self.leads(name))  # type: ignore[misc]

    def leads(self, process: str) -> bool:
        """Whether the worker holds the lease. One that died leaves it at once, as if ten seconds had passed."""
        service = process.removesuffix("-worker")
        pid = self.suite.processes[process].pid
        [holder] = [row[0] for row in self.sql(service, "SELECT holder FROM leases")] or [""]
        leading = pid is not None and f":{pid}:" in holder
        if not leading:
            self.sql(service, f"UPDATE leases SET expires_at = 0 WHERE holder = '{holder}'")
        return leading

    def let_claims_end(self) -> None:
        """What a dead worker was sending is free for another one, as if its minute had passed."""
        self.sql("notifier", "UPDATE notices SET due_at = 0 WHERE ended_at IS NULL AND claim IS NOT NULL")

    def sql(self, service: str, statement: str, patience: float = 30) -> list[Any]:
        with closing(self.connect(service, patience)) as db:
            cursor = db.cursor()
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            db.commit()
            return rows

    def connect(self, service: str, patience: float = 30) -> Any:
        """A connection with the service's database; `patience`: seconds for another writer, on SQLite."""
        url = self.suite.env_of(service)["DATABASE_URL"]
        path = urlsplit(url).path[1:]
        return sqlite3.connect(path, timeout=patience) if "sqlite:" in url else psycopg2.connect(url)

    def says(self, service: str, office: Office, type_: str, data: str, times: int = 1) -> str:
        """The service says something that its own code would not; the id of the (last) event."""
        command = [sys.executable, str(HERE / "saying.py"), service, office.id, type_, data, str(times)]
        env = self.suite.env_of(service)
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()

    @contextmanager
    def saying(self, service: str, office: Office, type_: str, data: str) -> Iterator[None]:
        """The same in a transaction that is open during the block."""
        command = [sys.executable, str(HERE / "saying.py"), service, office.id, type_, data, "held"]
        env, pipe = self.suite.env_of(service), subprocess.PIPE
        with subprocess.Popen(command, env=env, text=True, stdin=pipe, stdout=pipe) as speaker:
            assert speaker.stdout is not None
            assert speaker.stdout.readline().strip(), "nothing was said"
            yield
            speaker.communicate("commit\n")
        assert speaker.returncode == 0

    # The broker

    @contextmanager
    def channel(self) -> Iterator[BlockingChannel]:
        """Publishing through it waits for the broker: what is on its way is lost when the channel closes."""
        connection = pika.BlockingConnection(broker.parameters(self.rabbitmq.url()))
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel
        finally:
            connection.close()

    def republish(self, source: str, offices: Iterable[Office], times: int, last: int = 0) -> None:
        """Everything (or the last events) it said of them, several times, in random order, past its relay."""
        rows = checker.read(self.suite, *offices).outbox[source]
        subjects = {office.id.replace("-", "") for office in offices}
        again = [row for row in rows if row["subject"] in subjects][-last:] * times
        random.shuffle(again)
        with self.channel() as channel:
            for row in again:
                properties = pika.BasicProperties(delivery_mode=2, type=row["type"])
                channel.basic_publish(
                    broker.exchange_of(source), row["type"], row["envelope"].encode(), properties
                )

    def purge(self, service: str) -> None:
        with self.channel() as channel:
            channel.queue_purge(f"{service}.inbox")

    def await_sent(self, *sources: str) -> None:
        """Until the broker has confirmed all that was said."""
        unsent = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
        until("the relays", lambda: all(self.sql(source, unsent) == [(0,)] for source in sources or SERVICES))

    def at_rest(self, *offices: Office) -> list[checker.Finding]:
        """What is amiss when all was sent and delivered and nothing more happens."""
        self.await_sent()
        until("every queue to be read", self._queues_are_read)
        time.sleep(2)
        return checker.findings(self.suite, *offices)

    def _queues_are_read(self) -> bool:
        """No message waits in an inbox or for its acknowledgement; one that is not made yet is not read."""
        held = dict(re.findall(r'<<"(\S+?)">>,(\d+)', self.rabbitmq.ctl("eval", HELD)))
        return all(held.get(f"{service}.inbox") == "0" for service in SERVICES if checker.followed_by(service))


def broken_by(mutants: Iterable[str]) -> dict[str, str]:
    """The environment of a process whose code is broken so."""
    return {"PYTHONPATH": str(MUTANTS), "MUTANTS": ",".join(mutants)}


def _processes(names: Iterable[str]) -> list[str]:
    return [
        process for name in names for process in ((name,) if "-" in name else (f"{name}-web", f"{name}-worker"))
    ]
