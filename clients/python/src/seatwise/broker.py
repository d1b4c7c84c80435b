"""Listens to RabbitMQ, so that a change counts at once; whatever it loses, the log has."""

import logging
import random
import threading
import uuid
from collections.abc import Sequence

import pika
from pika.exceptions import AMQPError

from seatwise.events import EXCHANGE, InvalidEvent, parse
from seatwise.follower import Follower

log = logging.getLogger("seatwise")

PREFETCH = 500
# Of this process alone, gone with its connection; bounded, since nobody needs what it loses.
QUEUE = {"durable": False, "exclusive": True, "auto_delete": True}
ARGUMENTS = {"x-max-length": 100_000, "x-overflow": "drop-head"}


def broker_address(text: str | None) -> str | None:
    """None where there is no broker, as in settings: empty, or `none`."""
    if not text or text == "none":
        return None
    if not text.startswith(("amqp://", "amqps://")):
        raise ValueError(f"broker must begin with amqp:// or amqps://, or be None, not {text!r}")
    return text


class Broker(threading.Thread):
    """Hands every event to all followers; connects again, with jitter, for as long as the process lives.

    Its queue is called `<product>.<random>`.
    """

    def __init__(self, url: str, product: str, followers: Sequence[Follower]):
        super().__init__(name="seatwise broker", daemon=True)
        self.parameters = pika.URLParameters(url)
        self.parameters.heartbeat = 20
        self.parameters.socket_timeout = self.parameters.blocked_connection_timeout = 10
        self.parameters.client_properties = {"connection_name": product}
        self.product = product
        self.followers = followers
        self.stopping = threading.Event()
        self._away = False  # said once for each time away, not at every attempt

    def run(self) -> None:
        pause = 0.5
        while not self.stopping.is_set():
            try:
                self._listen()
                pause = 0.5
            except (AMQPError, OSError) as error:
                level = logging.INFO if self._away else logging.WARNING
                log.log(level, "the broker cannot be reached, the log is read instead: %r", error)
                self._away = True
                pause = min(2 * pause, 8)
            except Exception:
                log.exception("listening to the broker begins anew")
            self.stopping.wait(pause * random.uniform(0.5, 1))

    def stop(self) -> None:
        self.stopping.set()

    def _listen(self) -> None:
        connection = pika.BlockingConnection(self.parameters)
        try:
            channel = connection.channel()
            own = f"{self.product}.{uuid.uuid4().hex}"  # the last one may still belong to a lost connection
            channel.queue_declare(own, arguments=ARGUMENTS, **QUEUE)
            channel.queue_bind(own, EXCHANGE, "#")
            channel.basic_qos(prefetch_count=PREFETCH)
            self._away = False
            for follower in self.followers:
                follower.look_now()
            for method, _, body in channel.consume(own, inactivity_timeout=0.2):
                if self.stopping.is_set():
                    return
                if method is not None:
                    self._hand_on(body)
                    channel.basic_ack(method.delivery_tag)
        finally:
            if connection.is_open:
                connection.close()

    def _hand_on(self, body: bytes) -> None:
        try:
            each_its_own = [parse(body) for _ in self.followers]  # a handler may change what it is given
        except InvalidEvent as error:  # the log has it, if it was an event
            log.info("a message that is no event: %s", error)
            return
        for follower, event in zip(self.followers, each_its_own, strict=True):
            follower.take(event)
