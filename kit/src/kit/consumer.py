"""The delivery: batches from our queue to the reader, acknowledged after their effect is committed."""

import re
import time
from collections.abc import Callable
from contextlib import suppress

import pika
import structlog
from pika.adapters.blocking_connection import BlockingChannel

from kit import broker, cursors, envelopes, metrics
from kit.envelopes import InvalidEnvelope
from kit.failpoints import failpoint

log = structlog.get_logger()

BATCH = 50
PREFETCH = 300
PACE = 0.01  # seconds from a batch to the next: what comes meanwhile shares a transaction
BIND_EVERY = 3  # seconds; an exchange made anew has no bindings and tells nobody
# pika ends the connection when it cannot decode the headers of a message (a date in the year 10000), and
# names the reason only in words. Such a message has no delivery tag by which it could be refused.
UNDECODABLE = re.compile(r"lost: (\w*(Value|Overflow|Decode|Type|Index|Frame)Error|error|\w+Exception)\b")


def consume(
    url: str, reader: cursors.Reader, *, stopping: Callable[[], bool], connected: Callable[[], None]
) -> None:
    """Read our queue until `stopping()`; call it again after it returned or raised (a new connection)."""
    connection = pika.BlockingConnection(broker.parameters(url))
    try:
        channel = _subscribe(connection, tuple(reader.handlers))
        log.info("broker_reached", part="consumer")
        connected()  # what was published while we were not bound is in the log
        batch, next_batch_at = [], 0.0
        bind_at = time.monotonic() + BIND_EVERY
        for method, _, body in channel.consume(broker.inbox(), inactivity_timeout=0.2):
            if method is not None:
                batch.append((method, body))
            if 0 < len(batch) < BATCH and not channel.get_waiting_message_count():
                connection.sleep(max(0.0, next_batch_at - time.monotonic()))
            if batch and (len(batch) >= BATCH or not channel.get_waiting_message_count()):
                next_batch_at = time.monotonic() + PACE
                _take(channel, reader, batch)
                batch = []
            if stopping():
                return
            if time.monotonic() >= bind_at:
                _bind(connection, tuple(reader.handlers))
                bind_at = time.monotonic() + BIND_EVERY
        log.info("queue_ended")  # deleted under us, or the channel was closed: make everything anew
    except pika.exceptions.StreamLostError as error:
        if not UNDECODABLE.search(str(error)):
            raise
        metrics.EVENTS_UNDECODABLE.inc()
        log.warning("undecodable_message", error=str(error))
        give_up_queue(url)
    finally:
        if connection.is_open:
            connection.close()


def give_up_queue(url: str) -> None:
    """A queue that answers nothing (RabbitMQ 3.10 may lose the process of one when its power fails) is deleted:
    whoever reads next makes it anew, and the log has what it held."""
    with suppress(pika.exceptions.AMQPError, OSError):
        with pika.BlockingConnection(broker.parameters(url)) as connection:
            connection.channel().queue_delete(broker.inbox())
        log.warning("queue_given_up", queue=broker.inbox())


def _subscribe(connection: pika.BlockingConnection, sources: tuple[str, ...]) -> BlockingChannel:
    """Declare the queue and bind it: a wiped broker has forgotten both."""
    channel = connection.channel()
    channel.queue_declare(broker.inbox(), durable=True, arguments=broker.QUEUE_ARGUMENTS)
    channel.basic_qos(prefetch_count=PREFETCH)
    _bind(connection, sources)
    return channel


def _bind(connection: pika.BlockingConnection, sources: tuple[str, ...]) -> None:
    for source in sources:
        channel = connection.channel()
        try:
            channel.queue_bind(broker.inbox(), broker.exchange_of(source), routing_key="#")
            channel.close()
        except pika.exceptions.ChannelClosedByBroker as error:
            if error.reply_code != 404:  # an exchange that does not exist yet is no error
                raise


def _take(channel: BlockingChannel, reader: cursors.Reader, batch: list) -> None:
    events = []
    for method, body in batch:
        try:
            event = envelopes.parse(body)
            if method.exchange != broker.exchange_of(event.source):  # nobody speaks for another
                raise InvalidEnvelope(f"{event.source} does not speak through {method.exchange}")
            events.append(event)
        except InvalidEnvelope as error:  # the log has it, if it was an event
            metrics.EVENTS_UNDECODABLE.inc()
            log.warning("undecodable_message", error=str(error))
    redelivered = any(method.redelivered for method, _ in batch)
    reader.take(events, fresh=not redelivered)
    failpoint("consumer.before-ack")
    channel.basic_ack(batch[-1][0].delivery_tag, multiple=True)
