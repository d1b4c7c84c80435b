"""The worker of a service: consumer, relay and catch-up under the lease, jobs beside them.

Each part is a thread with its own database connection. A part that ends or stalls ends the process;
its supervisor starts it anew.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import structlog
from prometheus_client import start_http_server

from kit import broker, catchup, consumer, cursors, db, heartbeat, lease, metrics, relay
from kit.settings import Settings

log = structlog.get_logger()

STALLED = 15  # seconds without a beat
LEASE_EVERY = 2
GRACE = 4  # seconds for the parts to finish what they are in
CONSUMER = "consumer"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ToldToStop(Exception):
    """Nothing more is begun."""


class Job(NamedTuple):
    """Work done every so many seconds; `run()` returns True while there is more to do at once."""

    every: float
    run: Callable[[], bool | None]


class Worker:
    """Runs until SIGTERM or SIGINT; exit code 1 when a part failed, so that it is started again."""

    def __init__(self, settings: Settings, handlers: cursors.Handlers, jobs: Mapping[str, Job]):
        self.settings = settings
        self.reader = cursors.Reader(handlers, settings.stop_after, settings.release)
        self.jobs = jobs
        self.stop = threading.Event()
        self.look_now = threading.Event()
        self.beats: dict[str, float] = {}
        self.failed = False

    def run(self) -> int:
        if port := self.settings.metrics_port:
            start_http_server(port, self.settings.host)
        told: list[int] = []  # Event.set() in a signal's handler may wait for ever for this very thread
        for number in STOP_SIGNALS:
            signal.signal(number, lambda signal_number, _: told.append(signal_number))
        parts = [self._start(f"job {name}", partial(self._repeat, job)) for name, job in self.jobs.items()]
        parts.append(self._start("lease", self._lead))
        while not (told or self.stop.is_set()):
            time.sleep(0.2)
            stalled = [name for name, beat in list(self.beats.items()) if time.monotonic() - beat > STALLED]
            if stalled:
                log.error("part_stalled", parts=stalled)
                if CONSUMER in stalled:
                    self._give_up_queue()
                os._exit(1)
        self.stop.set()
        deadline = time.monotonic() + GRACE
        for part in parts:
            part.join(max(0, deadline - time.monotonic()))
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second one would end us with an error on the last steps
        with db.database.connection_context():
            lease.release()
        return int(self.failed)

    def _give_up_queue(self) -> None:
        """By a thread that may hang like the one that stalled."""
        giving_up = threading.Thread(
            target=consumer.give_up_queue, args=[self.settings.broker_url], daemon=True
        )
        giving_up.start()
        giving_up.join(GRACE)

    def beat(self, name: str) -> None:
        self.beats[name] = time.monotonic()

    def _start(self, name: str, work: Callable[[], None]) -> threading.Thread:
        def part() -> None:
            try:
                with db.database.connection_context():
                    work()
            except Exception as error:
                log.error("part_failed", part=name, error=repr(error), exc_info=error)
                self.failed = True
            finally:
                self.stop.set()

        thread = threading.Thread(target=part, name=name, daemon=True)
        thread.start()
        return thread

    def _repeat(self, job: Job) -> None:
        """A job may pause for longer than a part may be silent: the pause is cut, with a beat between."""
        pause = 0.0
        while not self.stop.wait(min(pause, LEASE_EVERY)):
            self.beat(threading.current_thread().name)
            pause -= LEASE_EVERY
            if pause <= 0:
                pause = 0.0 if job.run() else job.every

    def _lead(self) -> None:
        """Wait for the lease, then run the parts that only its holder runs; losing it ends the process."""
        heartbeat.note_start()
        while not lease.take():
            self.beat("lease")
            if self.stop.wait(LEASE_EVERY):
                return
        metrics.LEASES_TAKEN.inc()
        log.info("leading")
        self.reader.try_what_others_gave_up()
        led = [self._start("catch-up", self._catch_up)] if self.reader.handlers else []
        if url := self.settings.broker_url:
            led.append(self._start("relay", partial(self._relay, url)))
            if self.reader.handlers:
                led.append(self._start(CONSUMER, partial(self._consume, url)))
        heartbeat.beat(self.reader.applied)
        next_beat = time.monotonic() + heartbeat.EVERY
        while not self.stop.wait(LEASE_EVERY):
            self.beat("lease")
            if not lease.take():
                raise relay.Superseded("another worker took the lease")
            if time.monotonic() >= next_beat:
                heartbeat.beat(self.reader.applied)
                next_beat += heartbeat.EVERY
        for part in led:
            part.join(GRACE)

    def _relay(self, url: str) -> None:
        def once() -> None:
            relay.Relay(url, stopping=self.stop.is_set, beat=partial(self.beat, "relay")).run()

        broker.reconnecting("relay", once, self.stop, partial(self.beat, "relay"))

    def _consume(self, url: str) -> None:
        def stopping() -> bool:
            self.beat(CONSUMER)
            return self.stop.is_set()

        def once() -> None:
            consumer.consume(url, self.reader, stopping=stopping, connected=self.look_now.set)

        broker.reconnecting(CONSUMER, once, self.stop, partial(self.beat, CONSUMER))

    def _catch_up(self) -> None:
        def beat() -> None:
            self.beat("catch-up")
            if self.stop.is_set():
                raise ToldToStop

        look, next_look = catchup.CatchUp.of(self.settings, self.reader, beat), 0.0
        with suppress(ToldToStop):
            while True:
                beat()
                if self.look_now.is_set() or time.monotonic() >= next_look:
                    self.look_now.clear()
                    look.look()
                    next_look = time.monotonic() + self.settings.look_every
                else:
                    look.fetch()
                self.look_now.wait(0.2)
