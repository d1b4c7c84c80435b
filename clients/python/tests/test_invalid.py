"""Whatever the broker or the log brings, it is an event or one typed error, and stops no other account."""

import contextlib
import json
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatwise import broker, replica
from seatwise.events import InvalidEvent, parse
from seatwise.replica import Replica
from seatwise.source import Source, Unreachable
from seatwise.store import Store
from teller import Teller, knows, until

QUICK = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
NUMBERS = ("1e400", "NaN", "9" * 5000)


def written(value: Any) -> bytes:
    """JSON of the value; the text "#1e400" becomes the number."""
    text = json.dumps(value)
    for number in NUMBERS:
        text = text.replace(f'"#{number}"', number)
    return text.encode()


def valid(**changes: Any) -> dict[str, Any]:
    constant = {"specversion": "1.0", "source": "entitlements", "type": "license.assigned", "subject": "acme"}
    place = {"sequence": "1", "id": str(uuid.uuid4()), "time": "2026-11-22T12:00:00Z", "data": {}}
    return {**constant, **place, **changes}


BROKEN = [
    *(
        {"sequence": value}
        for value in (1, "0", "01", "1.0", "9" * 19, "9" * 5000, *(f"#{n}" for n in NUMBERS))
    ),
    *({"id": value} for value in ("ev-1", 7, None)),
    {"previous": "ev-1"},
    *({"subject": value} for value in ("", "a\x00", "\ud800", ["a"], "a" * 201)),
    *({"time": value} for value in ("yesterday", "2026-11-22T12:00:00", 7, "0001-01-01T00:00:00Z")),
    *(
        {"data": value}
        for value in ([1], None, {"a": "#1e400"}, {"a": "\x00"}, {"a": ["\ud800"]}, {"a": 2**70})
    ),
    {"must": "yes"},
    {"specversion": "2"},
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: ascii(broken)[:40])
def test_an_event_that_breaks_the_contract_is_one_typed_error(broken):
    assert parse(written(valid())).sequence == 1
    with pytest.raises(InvalidEvent):
        parse(written(valid(**broken)))


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20)
    | st.sampled_from([*(f"#{number}" for number in NUMBERS), "\x00", "\ud800", 2**70, 10**400])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
changes = st.dictionaries(st.sampled_from([*valid(), "previous", "must", "actor"]), values, max_size=3)
almost = changes.map(lambda changed: valid(**changed))
bodies = st.binary(max_size=200) | (values | almost).map(written)


class Followers:
    def __init__(self) -> None:
        self.taken: list[Any] = []

    def take(self, event: Any) -> None:
        self.taken.append(event)


@QUICK
@given(body=bodies)
def test_whatever_the_broker_delivers_ends_no_connection(body):
    follower = Followers()
    listening = broker.Broker("amqp://127.0.0.1:9", "product", [follower])
    listening._hand_on(body)

    assert len(follower.taken) <= 1


@QUICK
@given(body=bodies | st.fixed_dictionaries({"items": values, "now": values, "next": values}).map(written))
def test_whatever_a_log_answers_is_an_answer_or_unreachable(body):
    source = Source("http://127.0.0.1:9", "token")
    source._ask = lambda _: (200, body)
    for ask in (
        lambda: list(source.heads()),
        lambda: source.events("acme", 0),
        lambda: list(source.snapshot()),
    ):
        with contextlib.suppress(Unreachable, InvalidEvent):
            ask()


@QUICK
@given(data=st.fixed_dictionaries(dict.fromkeys(("member_id", "plan", "rank", "status", "features"), values)))
def test_whatever_a_license_event_says_the_file_can_be_read_again(data):
    store, known = Store(None), Replica()
    with contextlib.suppress(InvalidEvent, replica.NotUnderstood):
        known.apply(store, [parse(written(valid(data=data)))])
    Replica().load(store, 1.0)


def test_one_invalid_head_keeps_no_other_account_from_being_read(teller, make_client):
    client = make_client()
    assert client.wait(20)
    streams = teller.streams

    def with_poison(**query: str) -> dict[str, Any]:
        page = streams(**query)
        poison = [{"subject": "acme", "head": head, "id": str(uuid.uuid4())} for head in (2**70, "1")]
        return {**page, "items": [*poison, 7, *page["items"]]}

    teller.streams = with_poison
    teller.assign("acme", "ada")

    assert knows(client, "ada")


def test_events_before_an_invalid_one_count_and_other_accounts_go_on(teller: Teller, make_client):
    client = make_client()
    assert client.wait(20)
    teller.assign("acme", "ada")
    broken = teller.assign("acme", "bob")
    broken["data"] = [1]
    teller.assign("acme", "eve")
    assert knows(client, "ada")
    teller.assign("navy", "grace")
    assert knows(client, "grace")
    assert not client.allows("bob", "retrieval")

    broken["data"] = teller.stories["acme"][2]["data"]
    client.followers[0].waiting.clear()
    until(lambda: client.allows("eve", "retrieval"))


def test_an_event_of_another_account_in_the_answer_is_invalid():
    source = Source("http://127.0.0.1:9", "token")
    source._ask = lambda _: (200, written({"items": [valid()]}))

    assert [event.account for event in source.events("acme", 0)] == ["acme"]
    with pytest.raises(InvalidEvent, match="another account"):
        source.events("navy", 0)
