"""Products that obey licenses: ask what people may use, and hear when it changes. README.md shows how."""

from seatwise.answers import Answer, License, Stale, fail_closed, fail_open
from seatwise.client import Client
from seatwise.events import Event
from seatwise.tokens import signed_by

__all__ = ["Answer", "Client", "Event", "License", "Stale", "fail_closed", "fail_open", "signed_by"]
