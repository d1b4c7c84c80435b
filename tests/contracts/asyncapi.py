"""What each service announces, as AsyncAPI 3 in contracts/asyncapi/<service>.yaml.

Made from contracts/events, contracts/envelope.json and the meanings of contracts/fields.json.
"""

import json
from pathlib import Path
from typing import Any

import yaml
from contracts import fields

from kit import broker
from rabbitmq.definitions import PRODUCTS

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "contracts" / "asyncapi"
SERVICES = ("catalog", "orders", "entitlements", "notifier")
PUBLISHERS = (*SERVICES, *PRODUCTS)
ENVELOPE: dict[str, Any] = json.loads((ROOT / "contracts" / "envelope.json").read_text())
AMQP, HTTP = {"bindingVersion": "0.3.0"}, {"bindingVersion": "0.3.0"}
MEDIA_TYPE = "application/cloudevents+json"
LOG = "log"
INTRODUCTION = """\
What {service} says has happened. Every message is a CloudEvent 1.0 in structured mode; AMQP's message_id and
type repeat its id and type, and there are no headers of our own.

What {service} says of one subject is numbered 1, 2, 3 …: apply it in that order, each number once. The broker
may repeat, reorder or lose; the log has every event, in order, for ever. Fields, types and values are added,
never changed: ignore what you do not know, unless an event says `must`.
"""


def events(service: str) -> list[dict[str, Any]]:
    """The contracts of what it announces."""
    contracts = (json.loads(path.read_text()) for path in sorted((ROOT / "contracts/events").glob("*.json")))
    return [one for one in contracts if one["publisher"] == service]


def texts() -> dict[Path, str]:
    """The files as they should be."""
    return {
        CONTRACTS / f"{service}.yaml": yaml.safe_dump(
            document(service), allow_unicode=True, sort_keys=False, width=112
        )
        for service in PUBLISHERS
    }


def document(service: str) -> dict[str, Any]:
    announced = events(service)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Seatwise {service}",
            "version": "1.0.0",
            "description": INTRODUCTION.format(service=service),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": MEDIA_TYPE,
        "servers": _servers(service),
        "channels": {one["type"]: _channel(one) for one in announced} | {LOG: _log(announced)},
        "operations": {one["type"]: _operation(one) for one in announced} | {LOG: _answer()},
        "components": {
            "messages": {one["type"]: _message(one) for one in announced},
            "schemas": {"envelope": _plain(ENVELOPE)} | {one["type"]: _data(one) for one in announced},
        },
    }


def _servers(service: str) -> dict[str, Any]:
    return {
        "broker": {
            "host": "{host}",
            "protocol": "amqp",
            "protocolVersion": "0.9.1",
            "description": "RabbitMQ. Declare a queue of your own and bind it; nobody else reads from it.",
            "variables": {"host": {"default": "localhost:5672"}},
        },
        LOG: {
            "host": "{host}",
            "protocol": "http",
            "description": f"{service} itself; contracts/http says what every log answers.",
            "variables": {"host": {"default": "localhost"}},
            "security": [{"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}],
        },
    }


def _channel(contract: dict[str, Any]) -> dict[str, Any]:
    exchange = {"name": broker.exchange_of(contract["publisher"]), "type": "topic", "durable": True}
    return {
        "address": contract["type"],
        "description": contract["description"],
        "servers": [{"$ref": "#/servers/broker"}],
        "messages": {contract["type"]: {"$ref": f"#/components/messages/{contract['type']}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": {**exchange, "autoDelete": False}, **AMQP}},
    }


def _log(announced: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "address": "/v1/events",
        "description": "Every event of one subject after a sequence number, in order, as {items: [envelope …]}."
        " GET /v1/streams says which subjects have news. Grant: events:read.",
        "servers": [{"$ref": f"#/servers/{LOG}"}],
        "messages": {one["type"]: {"$ref": f"#/components/messages/{one['type']}"} for one in announced},
    }


def _operation(contract: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": "send",
        "summary": contract["description"],
        "channel": {"$ref": f"#/channels/{contract['type']}"},
        "messages": [{"$ref": f"#/channels/{contract['type']}/messages/{contract['type']}"}],
        "bindings": {"amqp": {"deliveryMode": 2, **AMQP}},
    }


def _answer() -> dict[str, Any]:
    query = {
        "subject": {"type": "string", "description": "Whose events."},
        "after": {"type": "integer", "description": "The last sequence number that you have; 0: none."},
        "limit": {"type": "integer", "description": "At most so many, 500 at most."},
    }
    asked = {"type": "object", "properties": query, "required": ["subject"]}
    return {
        "action": "send",
        "summary": "The log, whatever the broker lost, and for whoever begins later.",
        "channel": {"$ref": f"#/channels/{LOG}"},
        "bindings": {"http": {"method": "GET", "query": asked, **HTTP}},
    }


def _message(contract: dict[str, Any]) -> dict[str, Any]:
    own = {
        "type": {"const": contract["type"]},
        "source": {"const": contract["publisher"]},
        "data": {"$ref": f"#/components/schemas/{contract['type']}"},
    }
    payload = {"type": "object", "properties": own, "required": ["must"] if contract["must"] else []}
    told = {"x-must": contract["must"], "x-personal": contract["personal"], "x-subject": contract["subject"]}
    return {
        "name": contract["type"],
        "summary": contract["description"],
        "contentType": MEDIA_TYPE,
        "correlationId": {"location": "$message.payload#/correlation"},
        "payload": {"allOf": [{"$ref": "#/components/schemas/envelope"}, payload]},
        "bindings": {"amqp": {"messageType": contract["type"], **AMQP}},
        "examples": [{"payload": envelope(contract, data)} for data in contract["examples"]],
        **told,
    }


def envelope(contract: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The event that would say this, as the first of its stream."""
    account = "019ab000-0000-7000-8000-00000000acc0"
    return {
        "specversion": "1.0",
        "id": "019ab000-0000-7000-8000-0000000e0001",
        "source": contract["publisher"],
        "type": contract["type"],
        "subject": account if contract["subject"] == "account" else data["plan"],
        "sequence": "1",
        "time": "2026-11-22T09:30:00.000000Z",
        "actor": "member:019ab000-0000-7000-8000-0000000000a1",
        "correlation": "019ab000-0000-7000-8000-0000000c0001",
        **({"must": True} if contract["must"] else {}),
        "datacontenttype": "application/json",
        "data": data,
    }


def _data(contract: dict[str, Any]) -> dict[str, Any]:
    return _plain(fields.described(contract["schema"], contract["type"]))


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """AsyncAPI's own dialect is a superset of draft 7, in which all of our schemas can be read."""
    return {name: value for name, value in schema.items() if name != "$schema"}
