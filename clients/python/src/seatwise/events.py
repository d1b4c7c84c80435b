"""What entitlements says, as it comes from the broker or from its log."""

import json
import math
import re
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


LARGEST = 2**63 - 1  # what SQLite holds
LONGEST = 200  # characters of a name
DEEPEST = 50  # levels of data
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
SURROGATE = re.compile("[\ud800-\udfff]")


class InvalidEvent(ValueError):
    """A message or an answer breaks the contract of events; the text names the attribute and the rule."""


class OfAnotherSource(InvalidEvent):
    """Another service published it."""


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
    """Return the event in a message; InvalidEvent when it is none of entitlements'."""
    return read(decode(body))


def decode(body: bytes | str) -> Any:
    """Return the JSON value; numbers and texts in it are not checked yet."""
    try:
        text = body if isinstance(body, str) else body.decode()
        try:
            return json.loads(text)
        except ValueError:
            return json.loads(text, parse_int=_int)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent(f"it is no JSON: {error}"[:200]) from error


def read(envelope: Any) -> Event:
    """Return the event in a decoded CloudEvent; unknown attributes are ignored."""
    if not isinstance(envelope, dict):
        raise InvalidEvent("the envelope is no object")
    if envelope.get("source") != SOURCE:
        raise OfAnotherSource(f"{name(envelope, 'source')} is not {SOURCE}")
    if envelope.get("specversion") != "1.0":
        raise InvalidEvent("specversion is not 1.0")
    data, must, sequence = envelope.get("data"), envelope.get("must", False), envelope.get("sequence")
    if not isinstance(data, dict):
        raise InvalidEvent("data is no object")
    _require_storable(data)
    if not isinstance(must, bool):
        raise InvalidEvent("must is not true")
    if not isinstance(sequence, str) or not re.fullmatch("[1-9][0-9]{0,18}", sequence):
        raise InvalidEvent("sequence is no whole number from 1 on, as text")
    return Event(
        type=name(envelope, "type"),
        account=name(envelope, "subject"),
        sequence=whole(int(sequence), "sequence"),
        id=identifier(envelope, "id"),
        previous=identifier(envelope, "previous") if "previous" in envelope else None,
        time=instant(envelope.get("time")),
        data=data,
        actor=name(envelope, "actor") if "actor" in envelope else None,
        correlation=name(envelope, "correlation") if "correlation" in envelope else None,
        must=must,
    )


def name(item: dict[str, Any], field: str) -> str:
    """Return the printable text of the field."""
    text = item.get(field)
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST or not text.isprintable():
        raise InvalidEvent(f"{field} is no printable text of 1 to {LONGEST} characters")
    return text


def identifier(item: dict[str, Any], field: str) -> str:
    """Return the UUID of the field."""
    text = item.get(field)
    if not isinstance(text, str) or not UUID.fullmatch(text):
        raise InvalidEvent(f"{field} is no UUID")
    return text.lower()


def whole(value: Any, field: str) -> int:
    """Return the whole number from 1 on that the file can hold."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LARGEST:
        raise InvalidEvent(f"{field} is no whole number from 1 on")
    return value


def instant(text: Any) -> float:
    """Return the seconds since 1970 of an RFC 3339 instant in UTC."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        if moment.tzinfo is not None and 1970 <= moment.year < 9999:
            return moment.timestamp()
    except (AttributeError, TypeError, ValueError):
        pass
    raise InvalidEvent("time is no instant with a time zone")


def _int(digits: str) -> float:
    return int(digits) if len(digits) < 100 else math.inf


def _require_storable(value: Any, depth: int = 0) -> None:
    """Refuse what no database, or no other reader of JSON, holds."""
    if isinstance(value, str):
        if "\x00" in value or (not value.isascii() and SURROGATE.search(value)):
            raise InvalidEvent("data contains a character that is not text")
    elif isinstance(value, (dict, list)):
        if depth == DEEPEST:
            raise InvalidEvent(f"data has more than {DEEPEST} levels")
        for inner in value:
            _require_storable(inner, depth + 1)
        for inner in value.values() if isinstance(value, dict) else ():
            _require_storable(inner, depth + 1)
    elif isinstance(value, int):
        if not -LARGEST <= value <= LARGEST:
            raise InvalidEvent("data contains a number of more than 64 bits")
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidEvent("data contains a number that is not finite")
