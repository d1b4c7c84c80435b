"""Broken: a worker that reads its queue to the end, however long that takes, before it stops."""

import time

from kit import consumer, worker

consume, take, busy_until = consumer.consume, consumer._take, [0.0]


def take_slowly(*batch: object) -> None:
    time.sleep(2)  # so that its queue lasts for longer than a crowded machine is given to stop
    take(*batch)
    busy_until[0] = time.monotonic() + 1


def to_the_end(url, reader, *, stopping, connected) -> None:
    def at_the_end() -> bool:
        return stopping() and time.monotonic() > busy_until[0]

    consume(url, reader, stopping=at_the_end, connected=connected)


consumer.consume, consumer._take = to_the_end, take_slowly
worker.GRACE = 3600
