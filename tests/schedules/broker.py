"""A broker in memory: one queue that may repeat, reorder and lose what is in it."""

import json
from types import SimpleNamespace
from typing import Any, NamedTuple

from kit import broker


class Message(NamedTuple):
    body: bytes
    redelivered: bool = False


class Inbox:
    """The consumer's queue, and the channel on which its batch is acknowledged."""

    def __init__(self) -> None:
        self.ready: list[Message] = []
        self.delivered: list[Message] = []
        self.channel: Any = SimpleNamespace(basic_ack=self._ack)

    def publish(self, body: bytes) -> None:
        self.ready.append(Message(body))

    def deliver(self, most: int) -> list[tuple[Any, bytes]]:
        """The next messages as pika hands them over, tags from 1."""
        self.delivered, self.ready = self.ready[:most], self.ready[most:]
        return [(self._method(tag, message), message.body) for tag, message in enumerate(self.delivered, 1)]

    def _method(self, tag: int, message: Message) -> Any:
        exchange = broker.exchange_of(json.loads(message.body)["source"])
        return SimpleNamespace(delivery_tag=tag, redelivered=message.redelivered, exchange=exchange)

    def _ack(self, tag: int, multiple: bool = False) -> None:
        assert multiple, "the kit acknowledges batches"
        self.delivered = self.delivered[tag:]

    def requeue(self) -> None:
        """What was delivered and not acknowledged comes again, first."""
        self.ready = [message._replace(redelivered=True) for message in self.delivered] + self.ready
        self.delivered = []

    def repeat(self, place: int) -> None:
        self.ready.append(self.ready[place])

    def move(self, place: int, to: int) -> None:
        self.ready.insert(to, self.ready.pop(place))

    def lose(self, place: int) -> None:
        del self.ready[place]

    def purge(self) -> None:
        self.ready = []
