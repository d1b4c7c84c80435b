"""What each service's user may do at a real broker: its own part of the protocol, and nothing else."""

import importlib
from collections.abc import Callable, Iterator

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from kit import broker
from local.rabbitmq import RabbitMQ
from rabbitmq.definitions import CONTRACTS, FOLLOWED, PRODUCTS, announced, definitions

pytestmark = pytest.mark.slow

REFUSED = 403
SERVICES = tuple(FOLLOWED)
READERS = tuple(service for service in SERVICES if FOLLOWED[service])
Connect = Callable[[str], BlockingChannel]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """With every exchange and inbox, each declared by its owner."""
    made = RabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    made.start()
    for service in (*SERVICES, *PRODUCTS):
        connection = pika.BlockingConnection(broker.parameters(made.url(service)))
        channel = connection.channel()
        channel.exchange_declare(f"seatwise.{service}", "topic", durable=True)
        if service in READERS:
            channel.queue_declare(f"{service}.inbox", durable=True, arguments=broker.QUEUE_ARGUMENTS)
        connection.close()
    yield made
    made.stop()


@pytest.fixture
def connect(node: RabbitMQ) -> Iterator[Connect]:
    opened = []

    def connect(user: str) -> BlockingChannel:
        opened.append(pika.BlockingConnection(broker.parameters(node.url(user))))
        channel: BlockingChannel = opened[-1].channel()
        channel.confirm_delivery()
        return channel

    yield connect
    for connection in opened:
        if connection.is_open:
            connection.close()


def type_of(service: str) -> str:
    return f"{min(announced()[service])}.happened"


def other(service: str) -> str:
    return next(name for name in READERS if name != service)


def test_the_sources_of_each_service_are_those_that_it_handles():
    handled = {name: set(importlib.import_module(f"{name}.handlers").HANDLERS) for name in SERVICES}

    handled["notifier"] |= set(PRODUCTS)

    assert {name: set(sources) for name, sources in FOLLOWED.items()} == handled


def test_whoever_announces_something_has_a_user():
    assert set(announced()) == {*SERVICES, *PRODUCTS}
    families = {path.stem.partition(".")[0] for path in CONTRACTS.glob("*.json")}
    assert families == set().union(*announced().values())


def test_the_definitions_hold_no_password():
    assert "hunter2" not in str(definitions(dict.fromkeys(SERVICES, "hunter2")))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_its_own_events(connect, service):
    connect(service).basic_publish(f"seatwise.{service}", type_of(service), b"{}")


@pytest.mark.parametrize("service", READERS)
def test_a_service_reads_its_inbox_with_what_its_sources_say(connect, service):
    channel = connect(service)
    channel.queue_declare(f"{service}.inbox", durable=True, arguments=broker.QUEUE_ARGUMENTS)
    for source in FOLLOWED[service]:
        channel.queue_bind(f"{service}.inbox", f"seatwise.{source}", routing_key="#")
    source = next(source for source in reversed(FOLLOWED[service]) if source in SERVICES)
    connect(source).basic_publish(f"seatwise.{source}", type_of(source), b"{}")

    method, _, body = next(channel.consume(f"{service}.inbox", inactivity_timeout=30))
    assert (method.exchange, body) == (f"seatwise.{source}", b"{}")
    channel.basic_ack(method.delivery_tag)


DENIED: dict[str, Callable[[BlockingChannel, str], object]] = {
    "says an event of another family at its exchange": lambda at, me: at.basic_publish(
        f"seatwise.{me}", type_of(other(me)), b"{}"
    ),
    "says something at another's exchange": lambda at, me: at.basic_publish(
        f"seatwise.{other(me)}", type_of(other(me)), b"{}"
    ),
    "puts something into another's inbox": lambda at, me: at.basic_publish("", f"{other(me)}.inbox", b"{}"),
    "puts something into its own inbox": lambda at, me: at.basic_publish("", f"{me}.inbox", b"{}"),
    "reads another's inbox": lambda at, me: at.basic_get(f"{other(me)}.inbox"),
    "reads its own exchange": lambda at, me: at.queue_bind(f"{me}.inbox", f"seatwise.{me}", "#"),
    "binds another's inbox": lambda at, me: at.queue_bind(f"{other(me)}.inbox", f"seatwise.{me}", "#"),
    "empties another's inbox": lambda at, me: at.queue_purge(f"{other(me)}.inbox"),
    "removes another's inbox": lambda at, me: at.queue_delete(f"{other(me)}.inbox"),
    "removes another's exchange": lambda at, me: at.exchange_delete(f"seatwise.{other(me)}"),
    "declares another's exchange": lambda at, me: at.exchange_declare(
        f"seatwise.{other(me)}", "topic", durable=True
    ),
    "makes an exchange": lambda at, me: at.exchange_declare(f"seatwise.{me}.rumors", "topic"),
    "makes a queue": lambda at, me: at.queue_declare(f"{me}.private"),
    "says something at an exchange of the broker": lambda at, me: at.basic_publish(
        "amq.topic", type_of(me), b"{}"
    ),
    "binds its inbox to an exchange of the broker": lambda at, me: at.queue_bind(
        f"{me}.inbox", "amq.topic", "#"
    ),
    "makes a queue that the broker names": lambda at, _me: at.queue_declare("", exclusive=True),
    "leads its exchange into another's": lambda at, me: at.exchange_bind(
        f"seatwise.{other(me)}", f"seatwise.{me}", "#"
    ),
}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("deed", DENIED)
def test_a_service_is_refused_when_it(connect, service, deed):
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
        DENIED[deed](connect(service), service)
    assert refused.value.reply_code == REFUSED


@pytest.mark.parametrize("elsewhere", ["", "another's exchange"])
@pytest.mark.parametrize("service", READERS)
def test_what_dies_in_an_inbox_that_is_made_anew_goes_nowhere_else(connect, service, elsewhere):
    channel, mine = connect(service), f"{service}.inbox"
    leads = {
        "x-dead-letter-exchange": elsewhere and f"seatwise.{other(service)}",
        "x-dead-letter-routing-key": f"{other(service)}.inbox",
    }
    channel.queue_delete(mine)
    try:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
            channel.queue_declare(mine, durable=True, arguments={**broker.QUEUE_ARGUMENTS, **leads})
    finally:
        connect(service).queue_declare(mine, durable=True, arguments=broker.QUEUE_ARGUMENTS)
    assert refused.value.reply_code == REFUSED


@pytest.mark.parametrize("service", SERVICES)
def test_what_nobody_reads_at_an_exchange_that_is_made_anew_goes_nowhere_else(connect, service):
    channel, mine = connect(service), f"seatwise.{service}"
    leads = {"alternate-exchange": f"seatwise.{other(service)}"}
    channel.exchange_delete(mine)
    try:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
            channel.exchange_declare(mine, "topic", durable=True, arguments=leads)
    finally:
        connect(service).exchange_declare(mine, "topic", durable=True)
    assert refused.value.reply_code == REFUSED


@pytest.mark.parametrize(
    ("service", "source"),
    [(one, source) for one in READERS for source in SERVICES if source not in (one, *FOLLOWED[one])],
)
def test_a_service_hears_nothing_from_those_that_it_does_not_follow(connect, service, source):
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
        connect(service).queue_bind(f"{service}.inbox", f"seatwise.{source}", "#")
    assert refused.value.reply_code == REFUSED


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_product_hears_entitlements_in_queues_of_its_own_and_says_its_own_events(connect, product):
    channel, own = connect(product), f"{product}.{'0' * 32}"
    channel.queue_declare(own, durable=False, exclusive=True, auto_delete=True)
    channel.queue_bind(own, "seatwise.entitlements", "#")
    channel.basic_publish(f"seatwise.{product}", type_of(product), b"{}")


DENIED_TO_PRODUCTS: dict[str, Callable[[BlockingChannel], object]] = {
    "lets what dies in its queue into an inbox": lambda at: at.queue_declare(
        f"secure-messages.{'2' * 32}",
        exclusive=True,
        arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "notifier.inbox"},
    ),
    "says something of entitlements": lambda at: at.basic_publish(
        "seatwise.entitlements", "license.assigned", b""
    ),
    "says an event of another family": lambda at: at.basic_publish(
        "seatwise.secure-messages", "license.assigned", b""
    ),
    "reads an inbox": lambda at: at.basic_get("notifier.inbox"),
    "hears orders": lambda at: _bound(at, "seatwise.orders"),
    "makes a queue with another name": lambda at: at.queue_declare("secure-messages.inbox"),
}


def _bound(channel: BlockingChannel, exchange: str) -> None:
    own = f"secure-messages.{'1' * 32}"
    channel.queue_declare(own, durable=False, exclusive=True, auto_delete=True)
    channel.queue_bind(own, exchange, "#")


@pytest.mark.parametrize("deed", DENIED_TO_PRODUCTS)
def test_a_product_is_refused_when_it(connect, deed):
    channel = connect("secure-messages")
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
        DENIED_TO_PRODUCTS[deed](channel)
    assert refused.value.reply_code == REFUSED


def test_there_is_no_guest(node):
    node.passwords["guest"] = "guest"
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(broker.parameters(node.url("guest")))
