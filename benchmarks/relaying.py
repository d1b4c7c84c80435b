"""The relay: reads what stands unsent in the outbox, publishes it, marks it once confirmed."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pika

from benchmarks import measuring, publishing, servers
from benchmarks.measuring import Spread
from benchmarks.publishing import Message
from benchmarks.report import Line, Plot, Result
from kit import broker, db, lease
from kit.broker import QUEUE_ARGUMENTS
from kit.outbox import Outbox
from kit.relay import WINDOW, Relay
from kit.settings import name_service

TITLE = "The relay"
EVENTS = 20_000
KEPT = 1_000_000
FLOOR, OURS, FULL = "publish alone", "relay", "a million rows kept"
SERVICE, TYPE, QUEUE = "orders", "order.placed", "bench"
ENVELOPE = '{"specversion":"1.0","type":"order.placed","data":"' + "x" * 700 + '"}'
PERSISTENT = pika.BasicProperties("application/cloudevents+json", delivery_mode=2, type=TYPE)
FILL = (
    "INSERT INTO outbox (event_id, subject, sequence, type, envelope, created_at, published_at)"
    " SELECT gen_random_uuid(), %s, n, %s, %s, 0, {published} FROM generate_series(1, %s) n"
)


class Stage:
    """The servers, with an empty outbox in one database and a full one in another."""

    def __init__(self, broker_url: str, urls: dict[str, str]):
        self.broker_url = broker_url
        self.urls = urls
        self.lines = 0
        with self._channel() as channel:
            channel.exchange_declare(broker.exchange_of(SERVICE), "topic", durable=True)
            channel.queue_declare(QUEUE, durable=True, arguments=QUEUE_ARGUMENTS)
            channel.queue_bind(QUEUE, broker.exchange_of(SERVICE), "#")
        with self._connected(FULL):
            _fill(f"kept {self.lines}", KEPT, published=True)
        self.messages = [
            Message(TYPE, ENVELOPE.encode(), PERSISTENT, broker.exchange_of(SERVICE)) for _ in range(EVENTS)
        ]

    def publish(self) -> float:
        self._purge()
        took = publishing.publish(self.broker_url, self.messages)
        self._check_arrived()
        return took

    def relay(self, name: str) -> float:
        """Seconds for all that stands unsent, from the first look to the last mark."""
        with self._connected(name):
            self.lines += 1
            _fill(f"stream {self.lines}", EVENTS)
            self._purge()
            lease.take()
            took = _Timed(self.broker_url).run()
            left = Outbox.select().where(Outbox.published_at.is_null()).count()
            if name == OURS:
                Outbox.delete().execute()
                db.database.execute_sql("VACUUM outbox")
        if left:
            raise RuntimeError(f"{left} events were not marked")
        self._check_arrived()
        return took

    def _purge(self) -> None:
        with self._channel() as channel:
            channel.queue_purge(QUEUE)

    def _check_arrived(self) -> None:
        """What was confirmed is in the queue; its count follows within a moment."""
        until = time.monotonic() + 10
        while (found := self._arrived()) != EVENTS:
            if time.monotonic() > until:
                raise RuntimeError(f"{found} of {EVENTS} messages are in the queue")
            time.sleep(0.1)

    def _arrived(self) -> int:
        with self._channel() as channel:
            return int(channel.queue_declare(QUEUE, passive=True).method.message_count)

    @contextmanager
    def _channel(self) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
        with closing(pika.BlockingConnection(pika.URLParameters(self.broker_url))) as connection:
            yield connection.channel()

    @contextmanager
    def _connected(self, name: str) -> Iterator[None]:
        opened = db.connect(self.urls[name])
        with opened.connection_context():
            yield
        opened.close()


class _Timed:
    """The relay until it has marked the last window, which is shorter than the others, or empty."""

    def __init__(self, broker_url: str):
        self.began = self.ended = 0.0
        self.relay = Relay(broker_url, stopping=self._done, beat=self._begin)

    def run(self) -> float:
        self.relay.run()
        return self.ended - self.began

    def _begin(self) -> None:
        self.began = self.began or time.perf_counter()

    def _done(self) -> bool:
        over = self.relay.tag == EVENTS and not self.relay.unconfirmed
        if over:
            self.ended = self.ended or time.perf_counter()
        return over


def _fill(subject: str, count: int, published: bool = False) -> None:
    statement = FILL.format(published="1" if published else "NULL")
    db.database.execute_sql(statement, (subject, TYPE, ENVELOPE, count))
    db.database.execute_sql("ANALYZE outbox")


def measure() -> Result:
    name_service(SERVICE)
    with ExitStack() as standing:
        server, node = standing.enter_context(servers.postgres()), standing.enter_context(servers.rabbitmq())
        urls = {
            name: servers.database(server, SERVICE, f"{SERVICE}_{place}")
            for place, name in enumerate((OURS, FULL))
        }
        stage = Stage(node.url(), urls)
        subjects = {OURS: lambda: stage.relay(OURS), FULL: lambda: stage.relay(FULL), FLOOR: stage.publish}
        rounds = measuring.compare(subjects, floor=FLOOR)
    rate = {name: EVENTS / rounds.cost(name).middle for name in subjects}
    return Result(
        [
            Line(
                "relay ÷ publishing equal batches",
                _inverse(rounds.ratio(OURS)),
                0.55,
                0.75,
                more=True,
                conclusive=rounds.conclusive,
            ),
            Line(
                "a million kept rows ÷ none",
                _inverse(rounds.ratio(FULL, OURS)),
                0.85,
                0.95,
                more=True,
                conclusive=rounds.conclusive,
            ),
        ],
        [
            f"{EVENTS:,} events, {WINDOW} in a window, to a quorum queue; PostgreSQL waits for its disk. How"
            " many were confirmed, marked and arrived was counted.",
        ],
        [Plot("relaying", "Events a second (more is better)", list(rate.items()))],
    )


def _inverse(ratio: Spread) -> Spread:
    """Of costs to that of rates."""
    return Spread.of([1 / value for value in ratio])
