"""How many events a second take effect: the notifier's worker, and what others would do it with.

The effect is a row of the notifier's activity log, committed on a PostgreSQL that waits for its disk, once for
each event: our worker moves a cursor, the others write the event's id into an inbox.
"""

import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pika
import psycopg2

from benchmarks import measuring, publishing, servers
from benchmarks.peers import QUEUE, effect
from benchmarks.publishing import Message
from benchmarks.report import Line, Plot, Result
from kit import broker, clock
from local import keys, ports, running
from local.processes import Process

TITLE = "Event → effect"
EVENTS = 20_000  # in the queue before a worker starts
COUNTED = 4_000  # of them in the run in which a worker takes all, the slow ones too
ACCOUNTS = 1_000  # each event of a batch is about another one
WARM = 500  # events before the clock starts
LONGEST = 2.0  # seconds that the clock runs, if the queue is not empty before
SLOWEST = 120  # seconds until all of it has taken effect, when it is counted
LOOK_EVERY = 0.1
OURS, FLOOR = "notifier, on the kit", "pika and psycopg2 one by one"
PERSISTENT = pika.BasicProperties(delivery_mode=2)
TYPE = "order.placed"


class Worker(NamedTuple):
    """What runs, the queue that it reads, and how an event is written there."""

    command: Sequence[str]
    message: Callable[[dict[str, Any], bytes], Message]
    queue: str = QUEUE
    arguments: dict[str, Any] = {"x-queue-type": "quorum"}  # noqa: RUF012


def plain(_event: dict[str, Any], body: bytes) -> Message:
    return Message(QUEUE, body)


def announced(_event: dict[str, Any], body: bytes) -> Message:
    return Message(TYPE, body, PERSISTENT, broker.exchange_of("orders"))


def of_celery(event: dict[str, Any], body: bytes) -> Message:
    told = {"lang": "py", "task": "happened", "id": event["id"], "root_id": event["id"], "retries": 0}
    arguments = [[body.decode()], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    properties = pika.BasicProperties(
        "application/json", "utf-8", headers=told, delivery_mode=2, correlation_id=event["id"]
    )
    return Message(QUEUE, json.dumps(arguments).encode(), properties)


def of_dramatiq(event: dict[str, Any], body: bytes) -> Message:
    told = {"queue_name": QUEUE, "actor_name": "happened", "args": [body.decode()], "kwargs": {}, "options": {}}
    return Message(QUEUE, json.dumps({**told, "message_id": event["id"], "message_timestamp": 0}).encode())


DRAMATIQS = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{QUEUE}.XQ", "x-queue-type": "quorum"}
WORKERS = {
    OURS: Worker(["notifier", "worker"], announced, "notifier.inbox", broker.QUEUE_ARGUMENTS),
    FLOOR: Worker(["benchmarks.peers.one_by_one"], plain),
    "dramatiq": Worker(
        ["dramatiq", "benchmarks.peers.with_dramatiq", "--processes", "1", "--threads", "1"],
        of_dramatiq,
        arguments=DRAMATIQS,
    ),
    "celery": Worker(
        [
            "celery",
            "-A",
            "benchmarks.peers.with_celery",
            "worker",
            "--pool",
            "solo",
            "-Q",
            QUEUE,
            "-l",
            "warning",
        ],
        of_celery,
    ),
    "FastStream": Worker(["benchmarks.peers.with_faststream"], plain),
}


def events() -> Iterator[dict[str, Any]]:
    """As orders tells them: each account's story numbered, the accounts in turn."""
    contract = running.REPOSITORY / "contracts" / "events" / f"{TYPE}.json"
    data = json.loads(contract.read_text())["examples"][0]
    accounts = [str(uuid.uuid4()) for _ in range(ACCOUNTS)]
    last: dict[str, str] = {}
    for number in range(EVENTS):
        account, event_id = accounts[number % ACCOUNTS], clock.new_id()
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": "orders",
            "type": TYPE,
            "subject": account,
            "sequence": str(number // ACCOUNTS + 1),
            "previous": last.get(account),
            "time": clock.to_text(clock.now()),
            "actor": "member:" + account,
            "correlation": event_id,
            "datacontenttype": "application/json",
            "data": data,
        }
        last[account] = event_id
        yield {name: value for name, value in event.items() if value is not None}


class Race:
    """The servers, the events, and a run of one worker over them."""

    def __init__(self, directory: Path, database_url: str, broker_url: str):
        self.directory, self.broker_url, self.database_url = directory, broker_url, database_url
        keys.write(json.loads((running.REPOSITORY / "deploy" / "issuers.json").read_text()), directory / "keys")
        self.events = [(event, json.dumps(event, separators=(",", ":")).encode()) for event in events()]
        self.database = psycopg2.connect(database_url)
        self.database.autocommit = True
        self.counted: set[str] = set()
        self._execute(effect.TABLE)

    def run(self, name: str) -> float:
        """Seconds for an event. The first time, to the last one, and all are counted."""
        worker, to_the_end = WORKERS[name], name not in self.counted
        self.counted.add(name)
        self._execute("TRUNCATE activities, cursors, inbox")
        count = COUNTED if to_the_end else EVENTS
        self._fill(worker, count)
        process = Process(name, [sys.executable, "-m", *worker.command], self._env(), self.directory / "log")
        process.start()
        try:
            cost = self._timed(count)
            if to_the_end:
                self._await(count, SLOWEST)
                time.sleep(0.5)  # for whatever comes twice
        finally:
            process.stop()
        self._check(worker, count if to_the_end else None)
        return cost

    def _fill(self, worker: Worker, count: int) -> None:
        with closing(pika.BlockingConnection(pika.URLParameters(self.broker_url))) as connection:
            channel = connection.channel()
            channel.queue_delete(worker.queue)
            channel.queue_declare(worker.queue, durable=True, arguments=worker.arguments)
            exchange = broker.exchange_of("orders")
            channel.exchange_declare(exchange, "topic", durable=True)
            channel.queue_bind("notifier.inbox", exchange, "#") if worker.queue != QUEUE else None
        publishing.publish(self.broker_url, [worker.message(*event) for event in self.events[:count]])

    def _timed(self, count: int) -> float:
        first, began = self._await(WARM, SLOWEST), time.perf_counter()
        last = self._await(count, LONGEST)
        return (time.perf_counter() - began) / (last - first)

    def _await(self, count: int, seconds: float) -> int:
        """How many effects there are, once there are so many or the time is over."""
        until = time.perf_counter() + seconds
        while (found := self._count("activities")) < count and time.perf_counter() < until:
            time.sleep(LOOK_EVERY)
        if not found:
            raise RuntimeError(f"nothing happened; see {self.directory / 'log'}")
        return found

    def _check(self, worker: Worker, count: int | None) -> None:
        """Once each: the table has no second row for an id, and there are as many moves as effects."""
        effects = self._count("activities")
        moves = self._count("inbox") if worker.queue == QUEUE else self._count("cursors", "sum(sequence)")
        if moves != effects or (count and effects != count):
            raise RuntimeError(f"{effects} effects, {moves} moves, {count} events")

    def _count(self, table: str, what: str = "count(*)") -> int:
        with self.database.cursor() as cursor:
            cursor.execute(f"SELECT {what} FROM {table}")
            [(found,)] = cursor.fetchall()
            return int(found)

    def _execute(self, statement: str) -> None:
        with self.database.cursor() as cursor:
            cursor.execute(statement)

    def _env(self) -> dict[str, str]:
        nowhere = f"http://{ports.HOST}:9"  # the logs of the sources: nobody needs them here
        return {
            **os.environ,
            "DATABASE_URL": self.database_url,
            "BROKER_URL": self.broker_url,
            "SIGNING_KEY_FILE": str(self.directory / "keys" / "notifier.json"),
            **{f"{source}_URL": nowhere for source in ("CATALOG", "ORDERS", "ENTITLEMENTS")},
            "LOG_LEVEL": "WARNING",
        }


def measure() -> Result:
    with ExitStack() as standing:
        server = standing.enter_context(servers.postgres())
        node = standing.enter_context(servers.rabbitmq())
        directory = standing.enter_context(servers.directory())
        race = Race(directory, servers.database(server, "notifier"), node.url())
        rounds = measuring.compare({name: partial(race.run, name) for name in WORKERS}, floor=FLOOR)
    return _result(rounds)


def _result(rounds: measuring.Rounds) -> Result:
    rate = {name: 1 / rounds.cost(name).middle for name in WORKERS}
    peers = [name for name in WORKERS if name not in (OURS, FLOOR)]
    best = max(peers, key=lambda name: rate[name])
    sound = rounds.conclusive
    lines = [
        Line(f"÷ {FLOOR}", _times(rounds, FLOOR), 3, 5.5, "×", more=True, conclusive=sound),
        Line(f"÷ the best peer, {best}", _times(rounds, best), 2.5, 4.5, "×", more=True, conclusive=sound),
        *(
            Line(f"{name} ÷ {FLOOR}", _times(rounds, FLOOR, name), unit="×", more=True, conclusive=sound)
            for name in peers
        ),
    ]
    notes = [
        f"{EVENTS:,} events of {ACCOUNTS:,} accounts in turn stand in a quorum queue; one worker commits"
        " an effect for each on a PostgreSQL that waits for its disk. The clock runs from effect"
        f" {WARM:,} on, for {LONGEST:g} s or to the last one.",
        "The effect is the product's own: the notifier's worker writes the account's activity log, and moves a"
        " cursor for each account. The others write the same row and the event's id into an inbox.",
        f"Before the rounds each worker took a queue of {COUNTED:,} to its end; each effect was there exactly"
        " once.",
    ]
    return Result(lines, notes, [Plot("effects", "Effects a second (more is better)", list(rate.items()))])


def _times(rounds: measuring.Rounds, other: str, name: str = OURS) -> measuring.Spread:
    """How many times as many a second."""
    return rounds.ratio(other, name)
