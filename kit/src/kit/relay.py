"""Sends what stands unsent in the outbox to our exchange, in order, and marks it once confirmed."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pika
import structlog
from pika.adapters.select_connection import SelectConnection

from kit import broker, clock, db, lease, metrics
from kit.db import given
from kit.failpoints import failpoint
from kit.outbox import Outbox
from kit.settings import service_name

log = structlog.get_logger()

WINDOW = 500
POLL = 0.02  # seconds; an empty poll costs 0.03 ms
PERSISTENT = 2


class Superseded(Exception):
    """Another worker holds the lease; it will send what we could not mark."""


class Relay:
    """One connection with pipelined publisher confirms; `run()` returns when stopped or disconnected."""

    def __init__(self, url: str, *, stopping: Callable[[], bool], beat: Callable[[], None]):
        self.stopping = stopping
        self.beat = beat
        self.exchange = broker.exchange_of(service_name())
        self.channel: Any = None
        self.error: BaseException | None = None
        self.window: list[Any] = []
        self.unconfirmed: set[int] = set()
        self.tag = 0
        self.connection = SelectConnection(
            broker.parameters(url),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened),
            on_open_error_callback=lambda _, error: self._end(error),
            on_close_callback=lambda _, error: self._end(error),
        )

    def run(self) -> None:
        self.connection.ioloop.start()
        if self.error and not self.stopping():
            raise self.error

    def _end(self, error: BaseException | None) -> None:
        self.error = self.error or error
        self.connection.ioloop.stop()

    def _close(self, error: BaseException | None = None) -> None:
        self.error = self.error or error
        if self.connection.is_open:
            self.connection.close()
        else:
            self.connection.ioloop.stop()

    def _opened(self, channel: Any) -> None:
        log.info("broker_reached", part="relay")
        self.channel = channel
        channel.add_on_close_callback(lambda _, error: self._close(error))
        confirm = partial(channel.confirm_delivery, self._confirmed)
        begin = partial(confirm, callback=lambda _: self._guarded(self._tick))
        channel.exchange_declare(self.exchange, "topic", durable=True, callback=lambda _: begin())

    def _guarded(self, step: Callable[[], None]) -> None:
        """An error inside a callback of the loop ends the connection and is raised by run()."""
        try:
            step()
        except Exception as error:
            self._close(error)

    def _tick(self) -> None:
        self.beat()
        if self.stopping():
            self._close()
        else:
            self.connection.ioloop.call_later(POLL, lambda: self._guarded(self._tick))
            if not self.unconfirmed:
                self._send_window()

    def _send_window(self) -> None:
        self.window = unsent(WINDOW)
        for event in self.window:
            self.tag += 1
            self.unconfirmed.add(self.tag)
            properties = pika.BasicProperties(
                "application/cloudevents+json",
                delivery_mode=PERSISTENT,
                message_id=event.event_id,
                type=event.type,
            )
            self.channel.basic_publish(self.exchange, event.type, event.envelope.encode(), properties)
        if self.window:
            failpoint("relay.after-publish")

    def _confirmed(self, frame: Any) -> None:
        method = frame.method
        if method.multiple:
            self.unconfirmed = {tag for tag in self.unconfirmed if tag > method.delivery_tag}
        else:
            self.unconfirmed.discard(method.delivery_tag)
        if isinstance(method, pika.spec.Basic.Nack):
            self._close(pika.exceptions.NackError([]))
        elif not self.unconfirmed:
            self._guarded(self._mark_and_go_on)

    def _mark_and_go_on(self) -> None:
        failpoint("relay.before-mark")
        mark_sent(self.window)
        if len(self.window) == WINDOW and not self.stopping():
            self._send_window()


_UNSENT = db.Statement(
    Outbox.select(Outbox.id, Outbox.event_id, Outbox.type, Outbox.envelope)
    .where(Outbox.published_at.is_null())
    .order_by(Outbox.id)
    .limit(given(Outbox.id, "limit"))
)


def unsent(limit: int) -> list[Any]:
    """What is sent next."""
    return list(_UNSENT(limit=limit))


def mark_sent(window: list[Any]) -> None:
    """Mark the confirmed window, unless another worker took the lease meanwhile: one statement for both."""
    ids, place = ", ".join(str(event.id) for event in window), db.database.param
    mark = f"UPDATE outbox SET published_at = {place} WHERE id IN ({ids}) AND {lease.HELD.format(place)}"
    with db.alone():
        if not db.database.execute_sql(mark, (clock.now(), lease.HOLDER)).rowcount:
            raise Superseded


def measure() -> None:
    """How much waits for the broker and how long already."""
    waiting = Outbox.select().where(Outbox.published_at.is_null())
    oldest = waiting.order_by(Outbox.id).first()
    metrics.OUTBOX_UNSENT.set(waiting.count())
    metrics.OUTBOX_OLDEST.set(0 if oldest is None else time.time() - oldest.created_at / clock.SECOND)
