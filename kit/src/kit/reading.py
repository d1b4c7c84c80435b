"""Read rows so that one damaged row does not take the others with it."""

import sqlite3
import uuid
from typing import Any, NamedTuple

import peewee

from kit import clock

DAMAGED = (ValueError, TypeError, OverflowError, sqlite3.OperationalError)  # the last: text that is no UTF-8


class UnreadableRow(NamedTuple):
    """A row that cannot be read: its key, and its time as far as that is an instant."""

    id: str
    time: int


def read_rows(query: Any, key: peewee.Field, time: peewee.Field) -> list[Any]:
    """Return the rows of the query, an UnreadableRow for each damaged one.

    `key` is the primary key. The rows are read together, and one by one only when that fails.
    """
    try:
        return list(query)
    except DAMAGED:
        places = query.select(key.cast("TEXT"), time.cast("BIGINT")).tuples()
        return [_read_row(query.model, key, str(text), int(instant)) for text, instant in places]


def _read_row(model: Any, key: peewee.Field, text: str, instant: int) -> Any:
    try:
        return model.get(key == stored(text))
    except (*DAMAGED, peewee.DoesNotExist):
        return UnreadableRow(_spelled(text), min(max(instant, 0), clock.LATEST))


def _spelled(text: str) -> str:
    """A UUID in its one spelling; SQLite stores it without dashes."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return text


def stored(text: str) -> peewee.Value:
    """A key as the database holds it, for a comparison without conversion."""
    return peewee.Value(text, converter=False)
