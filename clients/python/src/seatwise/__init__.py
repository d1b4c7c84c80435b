"""Products that obey licenses: ask what people may use, and hear when it changes.

    licenses = seatwise.Client("https://entitlements.example", seatwise.signed_by("product.json"), file="licenses.db")
    with licenses:
        if licenses.allows(member, "attachments.max_mb", 25): ...
"""

from seatwise.answers import Answer, License, Stale, fail_closed, fail_open
from seatwise.client import Client
from seatwise.events import Event
from seatwise.tokens import signed_by

__all__ = ["Answer", "Client", "Event", "License", "Stale", "fail_closed", "fail_open", "signed_by"]
