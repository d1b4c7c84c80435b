"""What entitlements says, as it comes from the broker or from its log."""

import json
from datetime import datetime
from typing import Any, NamedTuple

EXCHANGE = "seatwise.entitlements"
SOURCE = "entitlements"
_FAMILIES = {  # as far as this release knows
    "account": "changed opened",
    "domain": "added approved removed",
    "license": "activated assigned changed deactivated issued reminded restored suspended unassigned",
    "member": "added address-canceled address-requested changed removed",
    "seats": "counted parked unparked",
    "permission": "refused",
    "session": "ended refused started",
}
TYPES = {f"{family}.{past}" for family, told in _FAMILIES.items() for past in told.split()}


class OfAnotherSource(ValueError):
    """Somebody else said it."""


class Event(NamedTuple):
    """One thing that happened. What happened in one account is numbered 1, 2, 3 …; `id` never changes.

    `time`: seconds since 1970. `data`: as the contract of the type says. `must`: readers have to understand it.
    """

    type: str
    account: str
    sequence: int
    id: str
    previous: str | None
    time: float
    data: dict[str, Any]
    actor: str | None = None
    correlation: str | None = None
    must: bool = False


def parse(body: bytes | str) -> Event:
    """The event in a message; ValueError when it is none of entitlements'."""
    try:
        return read(json.loads(body))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no event: {error!r}") from error


def read(envelope: dict[str, Any]) -> Event:
    """The event in a CloudEvent; attributes that we do not know are ignored."""
    if envelope["source"] != SOURCE:
        raise OfAnotherSource(f"{envelope['source']} is not {SOURCE}")
    return Event(
        type=envelope["type"],
        account=envelope["subject"],
        sequence=int(envelope["sequence"]),
        id=envelope["id"],
        previous=envelope.get("previous"),
        time=instant(envelope["time"]),
        data=envelope["data"],
        actor=envelope.get("actor"),
        correlation=envelope.get("correlation"),
        must=bool(envelope.get("must")),
    )


def instant(text: str) -> float:
    """Seconds since 1970 of an RFC 3339 instant in UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
