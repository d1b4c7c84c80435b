"""The relay and the consumer against a real RabbitMQ: what is said arrives, whatever happens to the broker."""

import json
import shutil
import struct
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager

import pika
import pytest

from kit import broker, clock, consumer, cursors, db, envelopes, lease, outbox, relay
from kit.cursors import Handler, Reader
from local.rabbitmq import RabbitMQ
from sample.models import count, effects
from service_fixtures import Source


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory):
    node = RabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    node.start()
    yield node
    node.stop()


@pytest.fixture
def url(rabbitmq, monkeypatch):
    monkeypatch.setattr(lease, "LASTS", 600 * clock.SECOND)  # nobody renews it here
    yield rabbitmq.url()
    with on_channel(rabbitmq.url()) as channel:
        channel.queue_delete(broker.inbox())
        channel.exchange_delete(broker.exchange_of("sample"))


@contextmanager
def on_channel(url):
    connection = pika.BlockingConnection(broker.parameters(url))
    yield connection.channel()
    connection.close()


def say(number: int, subject: str = "a") -> None:
    with db.atomic():
        outbox.add(*(outbox.Event("thing.sold", subject, {}) for _ in range(number)))


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


@contextmanager
def running(part: Callable[[Callable[[], bool]], None]):
    """The part in a thread of its own, made anew after it ends, as the worker does."""
    stop = threading.Event()

    def work():
        with db.database.connection_context():
            broker.reconnecting("test", lambda: part(stop.is_set), stop)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


def relaying(url):
    assert lease.take()
    return running(lambda stopping: relay.Relay(url, stopping=stopping, beat=lambda: None).run())


@contextmanager
def consuming(url):
    """Consumes its own events (the sample service follows itself); gives the moments of connection."""
    with on_channel(url) as channel:
        channel.exchange_declare(broker.exchange_of("sample"), "topic", durable=True)
    reader = Reader({"sample": {"*": Handler(None, count)}})
    connections: list[int] = []

    def part(stopping):
        consumer.consume(url, reader, stopping=stopping, connected=lambda: connections.append(clock.now()))

    with running(part):
        until(lambda: bool(connections))
        yield connections


def all_sent() -> bool:
    return not relay.unsent(1)


def test_what_is_said_is_heard_once_and_in_order(database, url):
    with relaying(url), consuming(url):
        say(700)
        until(lambda: len(effects()) == 700)

    assert effects() == [("a", n) for n in range(1, 701)]
    assert all_sent()


def test_what_comes_shortly_after_a_batch_shares_the_next_one(database, url, monkeypatch):
    monkeypatch.setattr(consumer, "PACE", 5)  # seconds: longer than five events need to be sent
    sizes, take = [], Reader.take

    def note_size(reader, events, **how):
        sizes.append(len(events))
        take(reader, events, **how)

    monkeypatch.setattr(Reader, "take", note_size)
    with relaying(url), consuming(url):
        say(1)
        until(lambda: len(effects()) == 1)
        for _ in range(5):
            say(1)
            until(all_sent)
        until(lambda: len(effects()) == 6)

    assert sizes == [1, 5]


@pytest.fixture
def dead_queue(url, rabbitmq):
    """The queue as RabbitMQ 3.10 may leave it when its power fails: known by name, with nobody behind it."""
    with consuming(url):
        pass
    rabbitmq.kill()
    for stored in (rabbitmq.directory / "data").rglob("quorum"):
        shutil.rmtree(stored)
    rabbitmq.start()
    return url


def test_a_queue_that_answers_nothing_is_given_up_and_made_anew(database, dead_queue):
    with relaying(dead_queue):
        say(1, "while nobody was behind it")  # may go nowhere: nothing is bound until the consumer comes
        consumer.give_up_queue(dead_queue)
        with consuming(dead_queue):
            say(3)
            until(lambda: {("a", n) for n in (1, 2, 3)} <= set(effects()))
        until(all_sent)


def test_a_queue_deleted_under_the_consumer_is_made_anew(database, url):
    with relaying(url), consuming(url) as connections:
        say(1)
        until(lambda: len(effects()) == 1)
        with on_channel(url) as channel:
            channel.queue_delete(broker.inbox())
        until(lambda: len(connections) == 2)
        say(1)
        until(lambda: len(effects()) == 2)


def test_an_exchange_made_after_the_consumer_came_is_bound_soon(database, url, monkeypatch):
    monkeypatch.setattr(consumer, "BIND_EVERY", 0.2)
    with consuming(url):
        with on_channel(url) as channel:
            channel.exchange_delete(broker.exchange_of("sample"))
        with relaying(url):
            until(lambda: bool(say(1)) or bool(effects()) or cursors.behind("sample") != [])


def test_an_exchange_deleted_under_the_relay_is_made_anew(database, url):
    with relaying(url):
        say(1)
        until(all_sent)
        with on_channel(url) as channel:
            channel.exchange_delete(broker.exchange_of("sample"))
        say(1)
        until(all_sent)


def test_messages_that_are_no_events_are_counted_and_stepped_over(database, url):
    with relaying(url), consuming(url):
        say(1)
        until(lambda: len(effects()) == 1)
        with on_channel(url) as channel:
            for body in (b"", b"\xff", b"{}", b"[]", b'{"source": 5}', b"x" * 1_000_000, b"[" * 100_000):
                channel.basic_publish(broker.exchange_of("sample"), "noise", body)
        say(1)
        until(lambda: len(effects()) == 2)


def test_nobody_speaks_for_another_through_an_exchange_of_its_own(database, url):
    with relaying(url), consuming(url), on_channel(url) as channel:
        channel.exchange_declare("seatwise.stranger", "topic", durable=True)
        channel.queue_bind(broker.inbox(), "seatwise.stranger", "#")
        said = Source("sample").tells("thing.sold", "a", {})._asdict()
        forged = json.dumps({**said, "sequence": "1", "time": clock.to_text(said["time"])})
        channel.basic_publish("seatwise.stranger", "thing.sold", forged)
        say(1, "b")
        until(lambda: len(effects()) == 1)
        channel.exchange_delete("seatwise.stranger")

    assert effects() == [("b", 1)]


def test_the_relay_does_not_mark_what_it_sent_after_losing_the_lease(database, url):
    say(1)
    assert lease.take()
    lease.Lease.update(holder="somebody else").execute()
    with pytest.raises(relay.Superseded):
        relay.mark_sent(relay.unsent(10))

    assert not all_sent()


def test_a_killed_broker_loses_nothing_that_was_marked(database, rabbitmq, url):
    with relaying(url), consuming(url):
        for _ in range(20):
            say(50)
        until(lambda: len(effects()) > 100)
        time.sleep(1)  # RabbitMQ 3.10 writes a new queue's name down within half a second
        rabbitmq.kill()
        say(100)
        rabbitmq.start()
        until(lambda: len(effects()) == 1100, 60)

    assert effects() == [("a", n) for n in range(1, 1101)]


def test_a_wiped_broker_loses_nothing_because_the_log_has_it(database, rabbitmq, url):
    reader = Reader({"sample": {"*": Handler(None, count)}})
    with relaying(url):
        say(10)
        until(all_sent)
        rabbitmq.wipe()
        rabbitmq.start()
        cursors.note_head("sample", "a", 10)
        for behind in cursors.behind("sample"):
            log = [envelopes.parse(envelope) for envelope in outbox.events_after("a", behind.sequence, 50)]
            reader.take_page(behind, log)

    assert len(effects()) == 10


def test_wrong_credentials_do_not_end_in_a_tight_loop(database, rabbitmq, url):
    tries = []

    def connect(_stopping):
        tries.append(clock.now())
        consumer.consume(
            url.replace("seatwise:", "stranger:"), Reader({}), stopping=lambda: False, connected=print
        )

    with running(connect):
        time.sleep(3)

    assert 1 <= len(tries) <= 6


def test_a_message_whose_headers_cannot_be_decoded_stops_nobody(database, url, monkeypatch):
    encode_table, header = pika.data.encode_table, b"\x01xT" + struct.pack(">Q", 2**63)  # a date far away

    def encode_poison(pieces, table):
        if table != {"x": "poison"}:
            return encode_table(pieces, table)
        pieces.append(struct.pack(">I", len(header)) + header)
        return len(pieces[-1])

    monkeypatch.setattr(pika.data, "encode_table", encode_poison)
    poison = pika.BasicProperties(headers={"x": "poison"})
    with consuming(url) as connections:
        with on_channel(url) as channel:
            channel.basic_publish(broker.exchange_of("sample"), "thing.sold", b"{}", poison)
        until(lambda: len(connections) > 1)
        with relaying(url):
            say(2)
            until(lambda: effects() == [("a", 1), ("a", 2)])
