"""The contracts as pages for people, in docs/contracts: they stand alone, and ask nothing of any network."""

import importlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from contracts import asyncapi, fields, refusals, shown
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from notifier.handlers import of_products
from releases import calls
from releases.describe import source_of
from seatwise.replica import GRANTING, WITHDRAWING

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "contracts"
SERVICES = asyncapi.SERVICES
NO_OPERATIONS: dict[str, Any] = {"tags": [], "paths": {}, "components": {"schemas": {}}}
LIBRARY = "the client library"
ISSUERS: dict[str, Any] = json.loads((ROOT / "deploy" / "issuers.json").read_text())
OF_MEMBERS = {grant for issuer in ISSUERS.values() for grant in issuer["with_account"]}
BODY = ("get", "put", "post", "patch", "delete")


class Event(NamedTuple):
    contract: dict[str, Any]
    exchange: str
    rows: list[shown.Row]
    example: str
    readers: list[str]


class Operation(NamedTuple):
    id: str
    verb: str
    path: str
    summary: str
    grants: list[tuple[str, str]]  # whose token it is in, and its name
    own: bool
    asked: list[shown.Row]
    taken: list[shown.Row]
    answered: list[shown.Row]
    media: list[str]
    status: str
    example: str
    call: str
    refusals: list[refusals.Refused]
    general: list[str]
    callers: list[str]


class Service(NamedTuple):
    name: str
    title: str
    events: list[Event]
    operations: dict[str, list[Operation]]  # by subject of the routes


def texts() -> dict[Path, str]:
    """The files as they should be."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["said"] = said
    services = [service(name) for name in asyncapi.PUBLISHERS]
    shower = shown.Shower({"Problem": _http("catalog")["components"]["schemas"]["Problem"]})
    known = {
        "services": services,
        "envelope": list(shower.rows(asyncapi.ENVELOPE, "envelope")),
        "problem": list(shower.rows(shower.named["Problem"], "Problem", optional=False)),
        "general": _general(),
    }
    pages = {PAGES / "index.html": environment.get_template("index.html").render(here="index", **known)}
    for one in services:
        page = environment.get_template("service.html").render(here=one.name, service=one, **known)
        pages[PAGES / f"{one.name}.html"] = page
    return pages


def said(text: str) -> Markup:
    """A sentence of a contract, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def service(name: str) -> Service:
    contract = _http(name)
    shower = shown.Shower(contract["components"]["schemas"])
    by_tag: dict[str, list[Operation]] = {tag["name"]: [] for tag in contract["tags"]}
    for path, operations in contract["paths"].items():
        for verb in (one for one in BODY if one in operations):
            whole = {**operations[verb]}
            whole["parameters"] = [*operations.get("parameters", ()), *whole.get("parameters", ())]
            by_tag[whole["tags"][0]].append(_operation(name, verb, path, whole, shower))
    tags = {tag["name"]: tag.get("description", tag["name"]) for tag in contract["tags"]}
    described = {tags[tag]: found for tag, found in by_tag.items() if found}
    return Service(name, f"Seatwise {name}", [_event(one) for one in asyncapi.events(name)], described)


def _event(contract: dict[str, Any]) -> Event:
    return Event(
        contract,
        f"seatwise.{contract['publisher']}",
        list(shown.Shower().rows(contract["schema"], contract["type"])),
        _json(asyncapi.envelope(contract, contract["examples"][0])),
        readers(contract),
    )


def readers(contract: dict[str, Any]) -> list[str]:
    """Which of us does something when it is told."""
    source, type_ = contract["publisher"], contract["type"]
    heard = {name: importlib.import_module(f"{name}.handlers").HANDLERS.get(source, {}) for name in SERVICES}
    heard["notifier"] = {**heard["notifier"], **of_products(asyncapi.PRODUCTS).get(source, {})}
    found = [name for name, by_type in heard.items() if type_ in by_type or "*" in by_type]
    library = source == "entitlements" and type_ in {*GRANTING, WITHDRAWING}
    return [*found, *([LIBRARY] if library else [])]


def _operation(
    service: str, verb: str, path: str, operation: dict[str, Any], shower: shown.Shower
) -> Operation:
    parameters = operation["parameters"]
    status, succeeds = next((one, told) for one, told in operation["responses"].items() if one < "3")
    media = list(succeeds.get("content", {}))
    answer = succeeds.get("content", {}).get("application/json", {}).get("schema")
    body = shown.body_of(operation)
    needed = operation.get("x-grants", ())
    return Operation(
        id=operation["operationId"],
        verb=verb.upper(),
        path=path,
        summary=operation["summary"],
        grants=[("member" if grant in OF_MEMBERS else "service", grant) for grant in needed],
        own="x-own" in operation,
        asked=[_parameter(one, path, shower) for one in parameters],
        taken=list(shower.rows(body, "")) if body else [],
        answered=list(shower.rows(answer, "", optional=False)) if answer else [],
        media=media,
        status=status,
        example=_json(shower.example(answer)) if answer else "",
        call=shown.curl(service, verb, path, operation, shower),
        refusals=refusals.of(service, operation, path),
        general=sorted({one.code for one in refusals.general(operation, path)}),
        callers=callers(service, f"{verb.upper()} {re.sub(r'{[^}]*}', '{}', path)}"),
    )


def _parameter(parameter: dict[str, Any], path: str, shower: shown.Shower) -> shown.Row:
    schema = {**parameter["schema"], **{k: v for k, v in parameter.items() if k == "description"}}
    meaning = fields.meaning(parameter["name"], schema, shown.place_of(parameter, path))
    where = {"path": "in the path", "query": "in the query", "header": "a header"}[parameter["in"]]
    kind = f"{where}, {shower.kind(parameter['schema'])}"
    return shown.Row(parameter["name"], kind, meaning, not parameter.get("required"))


def callers(service: str, operation: str) -> list[str]:
    """Which of us call it."""
    called = {
        unit: {(call.service, call.operation) for call in calls.of(source_of(ROOT, unit) / unit)}
        for unit in ("portal", "notifier")
    }
    found = [unit for unit, known in called.items() if (service, operation) in known]
    if operation in ("GET /v1/events", "GET /v1/streams"):
        followed = [(name, importlib.import_module(f"{name}.handlers").HANDLERS) for name in SERVICES]
        found += [name for name, handlers in followed if service in handlers]
    return found


def _general() -> list[refusals.Refused]:
    """Every refusal that is the same for all operations of its kind."""
    everything = {
        "security": True,
        "requestBody": {},
        "responses": {"422": {}},
        "parameters": [{"name": "Idempotency-Key"}],
        "x-limit": {},
    }
    return sorted(set(refusals.general(everything, "/{account_id}")))


def _http(name: str) -> dict[str, Any]:
    """A product's pages are for people; what programs call is its log."""
    if name not in SERVICES:
        return NO_OPERATIONS
    found: dict[str, Any] = yaml.safe_load((ROOT / "contracts" / "http" / f"{name}.yaml").read_text())
    return found


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
