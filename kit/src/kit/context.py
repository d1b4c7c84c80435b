"""Who is asking and on behalf of which request: carried into events, logs and calls of this thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from kit import clock


class Context(NamedTuple):
    """`actor` is `member:<id>`, `service:<name>`, `operator:<name>` or, of a product, whom it serves;
    `correlation` follows one human action through every service; `traceparent` is the W3C header, if the caller
    sent one."""

    actor: str
    correlation: str
    traceparent: str | None = None
    address: str | None = None


acting_now: ContextVar[Context | None] = ContextVar("context", default=None)


def current() -> Context:
    return acting_now.get() or Context(actor="service:unknown", correlation=clock.new_id())


def act(context: Context) -> None:
    """From here on this thread acts so, until it acts otherwise."""
    acting_now.set(context)


@contextmanager
def acting(context: Context) -> Iterator[None]:
    token = acting_now.set(context)
    try:
        yield
    finally:
        acting_now.reset(token)
