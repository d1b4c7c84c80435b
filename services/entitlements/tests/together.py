"""Calls that are made at the same time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from kit import db
from kit.errors import Refusal


def at_once(*calls):
    """Call all in threads that start together; what each returned, or the code of the rule that refused."""
    barrier = Barrier(len(calls))

    def one(call):
        with db.database.connection_context():
            barrier.wait()
            try:
                return call()
            except Refusal as refusal:
                return refusal.code

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(one, calls))
