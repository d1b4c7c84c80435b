"""For the tests of products: a client without services, that knows what the test says.

licenses = seatwise.testing.Licenses()
licenses.give("ada", "pro", {"attachments.max_mb": 2560})
assert my_product(licenses).sends("ada", megabytes=25)
"""

import time
import uuid
from typing import Any

from seatwise.answers import ACTIVE, GRACE, SUSPENDED, Features, Grant, Holding
from seatwise.client import Client
from seatwise.events import Event


class Licenses(Client):
    """Answers like a client, and calls its handlers when the test tells an event."""

    def __init__(self, **options: Any):
        super().__init__("http://127.0.0.1:9", "no token", **options)
        self._told = 0
        self.age_by(0)

    def start(self) -> "Licenses":
        return self

    def give(self, member: str, plan: str, features: Features, status: str = ACTIVE) -> None:
        """From now on the member holds this alone; status: active, grace or suspended."""
        if status not in (ACTIVE, GRACE, SUSPENDED):
            raise ValueError(f"no license is {status!r}")
        for code, value in features.items():
            if not isinstance(value, bool | int | str):
                raise ValueError(f"{code} is a flag, a whole number or a choice, and not {value!r}")
        grant = Grant(plan, 0, status, features)
        self._replica.held[member] = Holding([grant], self._replica.as_of)

    def take_away(self, member: str) -> None:
        self._replica.held.pop(member, None)

    def age_by(self, seconds: float) -> None:
        """As if nothing had been heard for so long."""
        self._replica.as_of = time.time() - seconds
        for holding in self._replica.held.values():
            holding.renew(self._replica.as_of)

    def tell(self, type_: str, account: str = "account", **data: Any) -> Event:
        """An event happens: the handlers of its type are called now, here; what they raise is raised."""
        self._told += 1
        told = Event(type_, account, self._told, str(uuid.uuid4()), None, time.time(), data)
        for function in self._handlers.of(type_):
            function(told)
        return told
