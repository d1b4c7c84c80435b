"""A message or an answer that breaks the contract is one typed error, whatever it is, and stops nobody."""

import json
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import broker, clock, consumer, cursors, envelopes, metrics, streams
from kit.cursors import Cursor
from kit.envelopes import InvalidEnvelope
from sample.models import effects
from sample.shop import Shop, envelope
from service_fixtures import Source

LARGE = 2**63
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


def written(value: Any) -> bytes:
    """JSON of the value; the text "#1e400" becomes the number."""
    text = json.dumps(value)
    for number in ("1e400", "-1e400", "NaN", "9" * 5000):
        text = text.replace(f'"#{number}"', number)
    return text.encode()


def valid(**changes: Any) -> dict[str, Any]:
    return {**envelope(Source("shop").tells("thing.sold", "a", {"number": 1})), **changes}


def deep(levels: int) -> Any:
    inner: Any = {}
    for _ in range(levels):
        inner = {"a": [inner]}
    return inner


AN_ID = "019ab000-0000-7000-8000-000000000001"
BROKEN = [
    *({"subject": subject} for subject in (7, None, "", "a\x00", "\ud800", ["a"], "a" * 201)),
    *(
        {"sequence": s}
        for s in ("0", "-1", "01", " 1", "1_0", "١", "1.0", "9" * 30, str(LARGE), "", "one", None)
    ),
    *({"sequence": s} for s in (1, 1.5, True, "#1e400", "#NaN", [], {})),
    *({"id": id_} for id_ in (7, "ev-1", "", None, "{" + AN_ID + "}", AN_ID[:35])),
    *({"previous": id_} for id_ in (None, "ev-1", 1)),
    *({"source": source} for source in (["shop"], "", None, "s\n")),
    *({"type": type_} for type_ in ({}, "", "t" * 101, "a\x00")),
    *({"time": t} for t in ("yesterday", "2026-11-22T12:00:00", 5, None, "1969-12-31T23:59:59Z")),
    {"time": "9999-12-31T23:59:59-23:59"},
    *({"data": data} for data in ([1], None, "x", 7, {"a": "\x00"}, {"\ud800": 1}, {"a": ["\udfff"]})),
    *({"data": {"a": [value]}} for value in ("#1e400", "#-1e400", "#NaN", LARGE, -LARGE - 1, "#" + "9" * 5000)),
    {"data": deep(30)},
    {"data": deep(400)},
    *({"actor": actor} for actor in (None, 7, "", "\x00", "a" * 301)),
    *({"correlation": text} for text in (None, "\udfff", "c" * 201)),
    *({name: value} for name in ("address", "traceparent") for value in (None, 7, "\x00")),
    *({"must": must} for must in (1, "true", None)),
    {"specversion": "0.3"},
    {"datacontenttype": "text/xml"},
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: ascii(broken)[:40])
def test_an_envelope_that_breaks_the_contract_is_one_typed_error(broken):
    assert envelopes.parse(written(valid())).sequence == 1
    with pytest.raises(InvalidEnvelope):
        envelopes.parse(written(valid(**broken)))


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject", "sequence", "time", "data"])
def test_an_envelope_has_every_attribute_that_the_contract_requires(name):
    body = valid()
    del body[name]
    with pytest.raises(InvalidEnvelope, match="data" if name == "data" else name):
        envelopes.parse(written(body))


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b"null", b"\xef\xbb\xbf{}"],
)
def test_bytes_that_are_no_envelope_are_one_typed_error(body):
    with pytest.raises(InvalidEnvelope):
        envelopes.parse(body)


@pytest.mark.parametrize(
    "head", [2**70, "1", 0, -1, True, 1.0, None, "#1e400", "#NaN"], ids=lambda head: ascii(head)[:20]
)
def test_a_head_that_is_no_whole_number_in_range_is_one_typed_error(head):
    with pytest.raises(InvalidEnvelope):
        envelopes.parse_head(envelopes.decode(written({"subject": "a", "head": head, "id": clock.new_id()})))


# Arbitrary values ---------------------------------------------------------------------------------

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20)
    | st.sampled_from(["#1e400", "#NaN", "#" + "9" * 5000, "\x00", "\ud800", "9" * 400, 2**70, 10**400])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
names = st.sampled_from([*valid(), "previous", "must", "address", "traceparent"])
almost = st.dictionaries(names, values, min_size=1, max_size=3).map(lambda changes: valid(**changes))
bodies = st.binary(max_size=200) | (values | almost).map(written)


def test_whatever_the_broker_delivers_is_acknowledged_and_stops_no_other(reader):
    acknowledged: list[int] = []
    channel = SimpleNamespace(basic_ack=lambda tag, **_: acknowledged.append(tag))

    @QUICK
    @given(body=bodies)
    def deliver(body: bytes) -> None:
        good = Source("shop").tells("thing.sold", clock.new_id(), {})
        method = SimpleNamespace(exchange=broker.exchange_of("shop"), redelivered=False, delivery_tag=7)
        acknowledged.clear()
        consumer._take(channel, reader, [(method, body), (method, written(envelope(good)))])

        assert acknowledged == [7]
        assert (good.subject, 1) in effects()

    deliver()


def test_whatever_a_log_answers_for_one_stream_keeps_no_other_waiting(reader):
    @QUICK
    @given(body=bodies, item=values | almost)
    def look(body: bytes, item: Any) -> None:
        shop = Shop()
        bad, good = clock.new_id(), clock.new_id()
        shop.tells(bad), shop.tells(good)
        answer = shop._answer

        def poisoned(request: httpx.Request) -> httpx.Response:
            if request.url.params.get("subject") != bad:
                return answer(request)
            return httpx.Response(200, content=body if body[:1] != b"{" else written({"items": [item]}))

        shop._answer = poisoned
        shop.read_by(reader).look()

        assert (good, 1) in effects()

    look()


def test_whatever_one_head_is_the_other_streams_of_its_source_are_read(reader):
    @QUICK
    @given(item=values | st.dictionaries(st.sampled_from(["subject", "head", "id"]), values).map(a_head))
    def look(item: Any) -> None:
        shop, good = Shop(), clock.new_id()
        shop.tells(good)
        heads = [item, *shop._heads("")["items"], item]
        shop.answers["/v1/streams"] = written({"items": heads, "next": None, "now": clock.to_text(clock.now())})
        shop.read_by(reader).look()

        assert (good, 1) in effects()

    look()


def a_head(changes: dict[str, Any]) -> dict[str, Any]:
    return {"subject": clock.new_id(), "head": 1, "id": clock.new_id(), **changes}


def test_whatever_the_list_of_streams_is_the_look_ends_and_the_next_one_reads(reader):
    @QUICK
    @given(body=bodies | st.fixed_dictionaries({"items": values, "next": values, "now": values}).map(written))
    def look(body: bytes) -> None:
        shop, good = Shop(), clock.new_id()
        shop.tells(good)
        looking = shop.read_by(reader)
        shop.answers["/v1/streams"] = body
        looking.look()
        shop.answers.clear()
        looking.look()

        assert (good, 1) in effects()

    look()


# What becomes of it -------------------------------------------------------------------------------


@pytest.fixture
def shop() -> Shop:
    """The second of three events has an invalid envelope in the log."""
    made = Shop()
    made.tells("a", 3)
    made.tells("b")
    page = made._answer

    def answer(request: httpx.Request) -> httpx.Response:
        answered = page(request)
        return httpx.Response(200, content=answered.content.replace(b'"sequence":"2"', b'"sequence":1e400'))

    made._answer = answer
    return made


def cursor(subject: str) -> Cursor:
    return Cursor.get_by_id(("shop", subject))


def give_up(shop: Shop, reader: cursors.Reader) -> None:
    looking = shop.read_by(reader)
    with time_machine.travel("2027-01-01T00:00:00Z", tick=False) as now:
        for _ in range(reader.most_attempts + 1):
            looking.look()
            now.shift(700)


def test_an_invalid_envelope_in_a_log_waits_longer_each_time_and_then_stops_its_stream_alone(shop, reader):
    before = metrics.EVENTS_UNDECODABLE._value.get()
    shop.read_by(reader).look()
    assert sorted(effects()) == [("a", 1), ("b", 1)]

    requests = shop.requests
    shop.read_by(reader).fetch()
    assert shop.requests == requests, "an unreadable stream is not asked for again at once"
    assert cursor("a").error == "invalid-envelope: sequence is no whole number from 1 on, as text"

    give_up(shop, reader)
    [stopped] = cursors.stopped()
    assert (stopped.subject, stopped.sequence) == ("a", 1)
    assert stopped.stopped.startswith("invalid-envelope: sequence")
    assert stopped.event["id"] == shop.streams["a"][1].id
    assert metrics.EVENTS_UNDECODABLE._value.get() > before


@pytest.mark.parametrize("known", [True, False], ids=["its id is known", "its id is broken, too"])
def test_an_operator_steps_over_an_invalid_envelope(shop, reader, known):
    if not known:
        page = shop._answer
        broken = shop.streams["a"][1].id.encode()

        def answer(request: httpx.Request) -> httpx.Response:
            content = page(request).content
            return httpx.Response(200, content=content.replace(b'"id":"%s"' % broken, b'"id":"ev-1"'))

        shop._answer = answer
    give_up(shop, reader)
    streams.act("skip", "shop", "a", "written by a faulty release")
    with time_machine.travel("2027-02-01T00:00:00Z"):
        shop.read_by(reader).look()

    assert sorted(effects()) == [("a", 1), ("a", 3), ("b", 1)]
    assert cursors.stopped() == []


def test_an_event_of_another_stream_in_the_answer_of_a_log_takes_no_effect(reader):
    shop = Shop()
    shop.tells("a")
    [other] = shop.tells("b")
    shop.streams["a"] = [other._replace(sequence=1)]
    shop.streams.pop("b")
    shop.read_by(reader).look()

    assert effects() == []
    assert cursor("a").error == "invalid-envelope: the event belongs to another stream"


def test_a_list_of_streams_that_never_ends_is_left(reader):
    shop = Shop()
    shop.tells("a")
    heads = {"items": shop._heads("")["items"], "next": "a", "now": clock.to_text(clock.now())}
    shop.answers["/v1/streams"] = written(heads)
    shop.read_by(reader).look()

    assert effects() == [("a", 1)]


def test_events_before_one_that_spoils_the_json_of_its_page_take_effect(reader):
    shop = Shop()
    shop.tells("a", 3)
    page = shop._answer

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=page(request).content.replace(b'"sequence":"2"', b'"sequence":'))

    shop._answer = answer
    shop.read_by(reader).look()

    assert effects() == [("a", 1)]
