"""What arrives from other services, validated as a whole against contracts/envelope.json.

The broker, the log and the heads of streams share these rules. Whatever the bytes are, the result is an
event or a head, or the one error InvalidEnvelope.
"""

import json
import math
import re
from typing import Any, NamedTuple

from kit import clock
from kit.schema import is_text

LARGEST = 2**63 - 1  # what a BIGINT column holds
DEEPEST = 50  # levels of data; far fewer than Python's encoder follows
CONSTANTS = {"specversion": "1.0", "datacontenttype": "application/json"}
NAMES = {"source": 100, "subject": 200, "type": 100}  # longest, in characters; printable
TEXTS = {"actor": 300, "correlation": 200}
OPTIONAL_TEXTS = {"address": 200, "traceparent": 200}
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
UNKNOWN_ID = "00000000-0000-0000-0000-000000000000"  # of an event whose envelope cannot be read


class InvalidEnvelope(ValueError):
    """A message or an answer of a log breaks the contract; the text names the attribute and the rule."""


class Arrived(NamedTuple):
    """An event as it came, from the queue or from the log."""

    source: str
    subject: str
    sequence: int
    id: str
    type: str
    time: int
    data: dict[str, Any]
    previous: str | None = None
    must: bool = False
    actor: str = "service:unknown"
    address: str | None = None
    correlation: str = "unknown"
    traceparent: str | None = None


class Head(NamedTuple):
    """How far a stream of a source goes: the sequence and id of its last event."""

    subject: str
    head: int
    id: str


def parse(body: bytes | str) -> Arrived:
    """Return the event in a message."""
    return parse_event(decode(body))


def decode(body: bytes | str) -> Any:
    """Return the JSON value; numbers and texts in it are not checked yet."""
    try:
        text = body if isinstance(body, str) else body.decode()
        try:
            return json.loads(text)
        except ValueError:
            return json.loads(text, parse_int=_int)
    except (ValueError, RecursionError) as error:
        raise InvalidEnvelope(f"it is no JSON: {error}"[:200]) from error


def _int(digits: str) -> float:
    """Return the number, or infinity for one of so many digits that Python refuses it with all of its page."""
    return int(digits) if len(digits) < 100 else math.inf


def parse_event(envelope: Any) -> Arrived:
    """Return the event in a decoded CloudEvent; unknown attributes are ignored."""
    if not isinstance(envelope, dict):
        raise InvalidEnvelope("the envelope is no object")
    for name, constant in CONSTANTS.items():
        if envelope.get(name) != constant:
            raise InvalidEnvelope(f"{name} is not {constant}")
    data, must = envelope.get("data"), envelope.get("must", False)
    if not isinstance(data, dict):
        raise InvalidEnvelope("data is no object")
    require_storable(data)
    if not isinstance(must, bool):
        raise InvalidEnvelope("must is not true")
    return Arrived(
        **{name: _text(envelope, name, longest, printable=True) for name, longest in NAMES.items()},
        **{name: _text(envelope, name, longest) for name, longest in TEXTS.items()},
        **{name: _text(envelope, name, most) for name, most in OPTIONAL_TEXTS.items() if name in envelope},
        sequence=_sequence(envelope.get("sequence")),
        id=_id(envelope, "id"),
        previous=_id(envelope, "previous") if "previous" in envelope else None,
        time=parse_instant(envelope, "time"),
        data=data,
        must=must,
    )


def parse_head(item: Any) -> Head:
    """Return one item of /v1/streams."""
    if not isinstance(item, dict):
        raise InvalidEnvelope("the head of a stream is no object")
    head = item.get("head")
    if not isinstance(head, int) or isinstance(head, bool) or not 0 < head <= LARGEST:
        raise InvalidEnvelope("head is no whole number from 1 on")
    return Head(_text(item, "subject", NAMES["subject"], printable=True), head, _id(item, "id"))


def parse_items(page: Any) -> list[Any]:
    """Return the items of a page, each of them not checked yet."""
    items = page.get("items") if isinstance(page, dict) else None
    if not isinstance(items, list):
        raise InvalidEnvelope("the page has no list of items")
    return items


def parse_next(page: dict[str, Any]) -> str | None:
    """Return the cursor of the next page of heads, None after the last one."""
    return None if page.get("next") is None else _text(page, "next", NAMES["subject"])


def parse_instant(envelope: dict[str, Any], name: str) -> int:
    """Return an RFC 3339 instant from 1970 on, in microseconds."""
    text = envelope.get(name)
    try:
        instant = clock.from_text(text) if isinstance(text, str) else -1
    except ValueError:
        instant = -1
    if instant < 0:
        raise InvalidEnvelope(f"{name} is no instant with a time zone")
    return instant


def id_of(envelope: Any) -> str:
    """Return the id even if the rest is invalid; UNKNOWN_ID when the id is, too."""
    try:
        return _id(envelope, "id") if isinstance(envelope, dict) else UNKNOWN_ID
    except InvalidEnvelope:
        return UNKNOWN_ID


def require_storable(value: Any, depth: int = 0) -> None:
    """Refuse what a database, or another reader of JSON, cannot hold."""
    if isinstance(value, str):
        if not is_text(value):
            raise InvalidEnvelope("data contains a character that is not text (NUL or a lone surrogate)")
    elif isinstance(value, dict | list):
        if depth == DEEPEST:
            raise InvalidEnvelope(f"data has more than {DEEPEST} levels")
        for inner in value:
            require_storable(inner, depth + 1)
        for inner in value.values() if isinstance(value, dict) else ():
            require_storable(inner, depth + 1)
    elif isinstance(value, int):
        if not -LARGEST <= value <= LARGEST:
            raise InvalidEnvelope("data contains a number of more than 64 bits")
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidEnvelope("data contains a number that is not finite")


def _text(envelope: dict[str, Any], name: str, longest: int, printable: bool = False) -> str:
    text = envelope.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= longest:
        raise InvalidEnvelope(f"{name} is no text of 1 to {longest} characters")
    if not (text.isprintable() if printable else is_text(text)):
        raise InvalidEnvelope(f"{name} contains a character that is not text")
    return text


def _id(envelope: dict[str, Any], name: str) -> str:
    text = envelope.get(name)
    if not isinstance(text, str) or not UUID.fullmatch(text):
        raise InvalidEnvelope(f"{name} is no UUID")
    return text.lower()


def _sequence(text: Any) -> int:
    """Text, as CloudEvents wants it: 1, 2, 3 …"""
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST)):
        sequence = int(text)
        if 0 < sequence <= LARGEST and text[0] != "0":
            return sequence
    raise InvalidEnvelope("sequence is no whole number from 1 on, as text")
