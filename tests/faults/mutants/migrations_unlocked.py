"""Broken: migrations that do not wait for each other, and begin at the same moment."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kit import db


@contextmanager
def all_at_once() -> Iterator[None]:
    time.sleep(max(0.0, float(os.environ["TOGETHER_AT"]) - time.time()))
    with db.database.connection_context():
        yield


db._one_at_a_time = all_at_once
