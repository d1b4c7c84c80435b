"""Connections to RabbitMQ and the names of what we declare there."""

import random
import threading
from collections.abc import Callable

import pika
import structlog

from kit import metrics
from kit.settings import service_name

log = structlog.get_logger()

QUEUE_ARGUMENTS = {
    "x-queue-type": "quorum",
    "x-max-length": 1_000_000,
    "x-overflow": "drop-head",  # a bounded queue may lose anything: the log has it
    "x-delivery-limit": 1_000_000,  # a small one would park innocent neighbours of a crash
}


def exchange_of(source: str) -> str:
    return f"seatwise.{source}"


def inbox() -> str:
    return f"{service_name()}.inbox"


def parameters(url: str) -> pika.URLParameters:
    chosen = pika.URLParameters(url)
    chosen.heartbeat = 20
    chosen.blocked_connection_timeout = 15
    chosen.socket_timeout = 5
    chosen.stack_timeout = 10
    chosen.client_properties = {"connection_name": service_name()}
    return chosen


def reconnecting(
    part: str, once: Callable[[], None], stop: threading.Event, beat: Callable[[], None] = lambda: None
) -> None:
    """Call `once` again and again, with jitter; it returns only when stopped or when its connection ended."""
    pause = 0.5
    while not stop.is_set():
        beat()
        try:
            once()
            pause = 0.5
        except (pika.exceptions.AMQPError, OSError) as error:
            log.info("broker_unreachable", part=part, error=repr(error))
            pause = min(pause * 2, 4)  # with a slow connect, still shorter than a part may be silent
        if not stop.wait(pause * random.uniform(0.5, 1)):
            metrics.RECONNECTS.labels(part).inc()
