"""contracts/asyncapi/ is AsyncAPI 3 that tells a consumer all it needs, and its envelope is the one sent."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from kit import clock, context, outbox

ROOT = Path(__file__).parents[2]
EVENTS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "contracts/events").glob("*.json")}
DOCUMENTS = {
    path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "contracts/asyncapi").glob("*.yaml")
}
ENVELOPE = json.loads((ROOT / "contracts" / "envelope.json").read_text())
# schemas/3.0.0-without-$id.json of the npm package @asyncapi/specs 6.11.1 (Apache-2.0), as it is.
ASYNCAPI = json.loads(Path(__file__).with_name("vendored").joinpath("asyncapi-3.0.0.json").read_text())
SOMEBODY = context.Context("member:1", "correlation", "traceparent", "192.0.2.1")
NOBODY = context.Context("service:orders", "correlation")


def written(event: outbox.Event, place: tuple[int, str | None], acting: context.Context) -> dict[str, Any]:
    """The envelope as the outbox writes it, after the event of that id."""
    sequence, previous = place
    told = outbox._envelope(event, (sequence, clock.new_id(), previous), clock.now(), acting)
    envelope: dict[str, Any] = json.loads(told)
    return envelope


@pytest.fixture(autouse=True)
def speaking_as_orders(monkeypatch):
    monkeypatch.setattr(outbox, "service_name", lambda: "orders")


def test_the_envelope_describes_every_attribute_that_is_sent():
    everything = written(outbox.Event("order.paid", "1", {}, must=True), (2, clock.new_id()), SOMEBODY)
    least = written(outbox.Event("order.paid", "1", {}), (1, None), NOBODY)

    assert list(everything) == list(ENVELOPE["properties"])
    assert set(least) == set(ENVELOPE["required"])
    for envelope in (everything, least):
        validator = jsonschema.Draft202012Validator(ENVELOPE, format_checker=jsonschema.FormatChecker())
        assert [error.message for error in validator.iter_errors(envelope)] == []


@pytest.mark.parametrize("service", sorted(DOCUMENTS))
def test_the_document_is_valid_asyncapi(service):
    errors = jsonschema.Draft7Validator(ASYNCAPI).iter_errors(DOCUMENTS[service])

    assert [error.message[:300] for error in errors] == []


@pytest.mark.parametrize("type_", sorted(EVENTS))
def test_an_event_is_a_channel_of_its_service_and_stands_in_its_log(type_):
    document = DOCUMENTS[EVENTS[type_]["publisher"]]
    channel = document["channels"][type_]

    assert channel["address"] == type_
    assert channel["bindings"]["amqp"]["exchange"]["name"] == f"seatwise.{EVENTS[type_]['publisher']}"
    assert type_ in document["channels"]["log"]["messages"]
    assert document["operations"][type_]["channel"] == {"$ref": f"#/channels/{type_}"}


@pytest.mark.parametrize("type_", sorted(EVENTS))
def test_a_message_says_what_an_event_of_its_type_is(type_):
    document = DOCUMENTS[EVENTS[type_]["publisher"]]
    message = document["components"]["messages"][type_]
    validator = jsonschema.Draft202012Validator(
        {**document, **message["payload"]}, format_checker=jsonschema.FormatChecker()
    )

    assert message["x-must"] is EVENTS[type_]["must"]
    assert message["x-personal"] == EVENTS[type_]["personal"]
    for example in message["examples"]:
        assert [error.message for error in validator.iter_errors(example["payload"])] == []
        stranger = {**example["payload"], "type": "order.unheard"}
        assert list(validator.iter_errors(stranger)), "another type is another message"


def test_nothing_is_announced_that_no_contract_describes():
    announced = {type_ for document in DOCUMENTS.values() for type_ in document["operations"]} - {"log"}

    assert announced == EVENTS.keys()
