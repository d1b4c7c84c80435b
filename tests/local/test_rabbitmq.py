"""The private RabbitMQ node keeps to itself, to its users' rights and, across a kill, to what it confirmed."""

from pathlib import Path

import pika
import psutil
import pytest
from architecture.pages import commands
from architecture.worlds import ROOT

from kit import broker
from local.rabbitmq import RabbitMQ
from seatwise.broker import ARGUMENTS, QUEUE
from seatwise.events import EXCHANGE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    made = RabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    made.start()
    yield made
    processes = [made.node.pid, made.epmd.pid]
    made.stop()
    assert not any(psutil.pid_exists(pid) for pid in processes)


@pytest.fixture
def connect(node):
    opened = []

    def connect(user: str):
        opened.append(pika.BlockingConnection(broker.parameters(node.url(user))))
        return opened[-1].channel()

    yield connect
    for connection in opened:
        if connection.is_open:
            connection.close()


def test_nothing_listens_beyond_loopback(node):
    for pid in (node.node.pid, node.epmd.pid):
        listening = [
            c.laddr.ip for c in psutil.Process(pid).net_connections() if c.status == psutil.CONN_LISTEN
        ]
        assert listening
        assert set(listening) <= {"127.0.0.1", "::1"}


def test_it_shares_no_file_with_another_node_of_this_machine(node):
    environment = psutil.Process(node.node.pid).environ()
    own = [environment[name] for name in ("HOME", "RABBITMQ_MNESIA_BASE", "RABBITMQ_LOG_BASE")]

    assert all(Path(path).is_relative_to(node.directory) for path in own)
    assert (node.directory / "home" / ".erlang.cookie").exists()
    assert node.directory.stat().st_mode & 0o077 == 0


def test_a_service_writes_to_its_own_exchange_and_reads_the_others(connect):
    orders, entitlements = connect("orders"), connect("entitlements")
    orders.exchange_declare("seatwise.orders", exchange_type="topic", durable=True)
    entitlements.queue_declare("entitlements.inbox", durable=True, arguments=broker.QUEUE_ARGUMENTS)
    entitlements.queue_bind("entitlements.inbox", "seatwise.orders", "#")

    orders.basic_publish("seatwise.orders", "order.paid", b"{}")
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
        entitlements.basic_publish("seatwise.orders", "order.paid", b"{}")
        entitlements.queue_declare("entitlements.inbox", passive=True)
    assert refused.value.reply_code == 403


def test_a_wiped_node_comes_back_with_its_users_alone(node, connect):
    channel = connect("catalog")
    channel.exchange_declare("seatwise.catalog", exchange_type="topic", durable=True)
    channel.connection.close()
    node.wipe()
    node.start()

    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as missing:
        connect("catalog").exchange_declare("seatwise.catalog", passive=True)
    assert missing.value.reply_code == 404


def test_a_product_with_the_rights_of_the_operators_page_hears_entitlements_and_nobody_else(node, connect):
    page = commands(ROOT / "docs/operations.md")
    said = [one.words for one in page if one.program == "rabbitmqctl" and "warehouse" in one.words]
    for verb, user, *rest in said:
        node.ctl(verb, user, *rest or ["secret"])
    for source in ("entitlements", "orders"):
        connect(source).exchange_declare(f"seatwise.{source}", exchange_type="topic", durable=True)
    parameters = broker.parameters(node.url())
    parameters.credentials = pika.PlainCredentials("warehouse", "secret")
    with pika.BlockingConnection(parameters) as connection:
        channel, own = connection.channel(), f"warehouse.{'0' * 32}"
        channel.queue_declare(own, arguments=ARGUMENTS, **QUEUE)
        channel.queue_bind(own, EXCHANGE, "#")
        connect("entitlements").basic_publish(EXCHANGE, "license.assigned", b"{}")
        assert next(channel.consume(own, inactivity_timeout=30))[2] == b"{}"
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
            channel.queue_bind(own, "seatwise.orders", "#")
        assert refused.value.reply_code == 403


def test_its_command_line_can_be_asked(node):
    assert "orders" in node.ctl("list_users")
