"""Instants (microseconds UTC, as integers) and the identifiers made from them."""

import os
import time
import uuid
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
EARLIEST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
LATEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def now() -> int:
    """This instant in microseconds since 1970, UTC."""
    return time.time_ns() // 1_000


def to_text(instant: int) -> str:
    """RFC 3339 with microseconds, always in UTC: 2026-11-22T20:59:47.000001Z."""
    moment = EPOCH + timedelta(microseconds=instant)
    return f"{moment.isoformat(timespec='microseconds')[:26]}Z"


def from_text(text: str) -> int:
    """Microseconds of an RFC 3339 instant; ValueError when it names no zone or is no instant that
    `to_text` can write."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} names no time zone")
    instant = (moment - EPOCH) // timedelta(microseconds=1)
    if not EARLIEST <= instant <= LATEST:
        raise ValueError(f"{text} is not in the years 1 to 9999, UTC")
    return instant


def new_id() -> str:
    """A UUIDv7 (RFC 9562): ordered by the time it was made, to a quarter of a microsecond."""
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    random = int.from_bytes(os.urandom(8)) & (2**62 - 1)
    number = milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | random
    return str(uuid.UUID(int=number))
