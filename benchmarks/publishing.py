"""Pipelined publishing: a window of messages is sent, and the next one once all of it is confirmed."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import pika
from pika.adapters.select_connection import SelectConnection

WINDOW = 500


class Message(NamedTuple):
    """What is published, to a queue by its name or through an exchange."""

    routing_key: str
    body: bytes
    properties: pika.BasicProperties = pika.BasicProperties(delivery_mode=2)
    exchange: str = ""


def publish(url: str, messages: Sequence[Message]) -> float:
    """The seconds from the first message to the last confirm, of one connection."""
    return _Publishing(url, messages).run()


class _Publishing:
    def __init__(self, url: str, messages: Sequence[Message]):
        self.messages, self.sent = messages, 0
        self.unconfirmed: set[int] = set()
        self.began = self.ended = 0.0
        self.connection: Any = SelectConnection(
            pika.URLParameters(url),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened),
            on_close_callback=lambda *_: self.connection.ioloop.stop(),
        )

    def run(self) -> float:
        self.connection.ioloop.start()
        if not self.ended:
            raise RuntimeError(
                f"of {len(self.messages)} messages {self.sent} were sent, not all of them confirmed"
            )
        return self.ended - self.began

    def _opened(self, channel: Any) -> None:
        self.channel = channel
        channel.confirm_delivery(self._confirm, callback=lambda _: self._begin())

    def _begin(self) -> None:
        self.began = time.perf_counter()
        self._send_window()

    def _send_window(self) -> None:
        for message in self.messages[self.sent : self.sent + WINDOW]:
            self.sent += 1
            self.unconfirmed.add(self.sent)
            self.channel.basic_publish(message.exchange, message.routing_key, message.body, message.properties)

    def _confirm(self, frame: Any) -> None:
        method = frame.method
        if isinstance(method, pika.spec.Basic.Nack):
            self.connection.close()
        elif method.multiple:
            self.unconfirmed = {tag for tag in self.unconfirmed if tag > method.delivery_tag}
        else:
            self.unconfirmed.discard(method.delivery_tag)
        if not self.unconfirmed and self.sent < len(self.messages):
            self._send_window()
        elif not self.unconfirmed:
            self.ended = time.perf_counter()
            self.connection.close()
