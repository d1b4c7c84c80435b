"""docs/contracts/ tells people every field, refusal and reader, and stands alone."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from architecture.worlds import EVENTS, HTTP
from contracts import fields, pages, refusals, shown

ROOT = Path(__file__).parents[2]
PAGES = {path.name: path for path in sorted((ROOT / "docs" / "contracts").glob("*.html"))}
OPERATIONS = [
    pytest.param(service, path, verb, id=f"{service}-{HTTP[service]['paths'][path][verb]['operationId']}")
    for service in sorted(HTTP)
    for path in HTTP[service]["paths"]
    for verb in HTTP[service]["paths"][path]
    if verb != "parameters"
]


class Links(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self, path: Path):
        super().__init__()
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids += [given["id"]] if "id" in given else []
        self.targets += [given["href"]] if tag == "a" else []
        self.loaded += [tag] if {"src", "srcset", "data"} & given.keys() or tag in ("link", "script") else []


def fields_of(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in schema.get("properties", {}).items():
        yield name, inner
        yield from fields_of(inner)
    if "items" in schema:
        yield from fields_of(schema["items"])


def everything() -> Iterator[tuple[str, str, str]]:
    """(place, name, meaning) of every field and parameter."""
    for type_, contract in EVENTS.items():
        for name, inner in fields_of(contract["schema"]):
            yield type_, name, fields.meaning(name, inner, type_)
    for service, contract in HTTP.items():
        for place, schema in contract["components"]["schemas"].items():
            for name, inner in fields_of(schema):
                yield place, name, fields.meaning(name, inner, place)
        for one in pages.service(service).operations.values():
            for operation in one:
                for row in operation.asked:
                    yield operation.id, row.name, row.meaning


def test_every_field_and_parameter_has_a_meaning():
    assert [f"{place}.{name}" for place, name, meaning in everything() if not meaning] == []


def test_every_meaning_is_used():
    places = [(place, name) for place, name, _ in everything()]
    names = {name for _, name in places}
    nouns = {part for contract in HTTP.values() for path in contract["paths"] for part in path.split("/")}
    known = {f"{place}.{name}" for place, name in places} | names
    known |= {f"{noun}.{name}" for noun in nouns for name in names}

    assert fields.known().keys() - known == set()


@pytest.mark.parametrize("service", sorted(HTTP))
def test_an_example_is_what_the_contract_allows(service):
    schemas = HTTP[service]["components"]["schemas"]
    for name in schemas:
        whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        validator = jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())
        example = shown.Shower(schemas).example({"$ref": f"#/components/schemas/{name}"})
        assert [f"{name}: {error.message}" for error in validator.iter_errors(example)] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_nothing_and_its_links_lead_somewhere(page):
    found = Links(PAGES[page])

    assert found.loaded == []
    assert not re.search(r"url\(|@import", PAGES[page].read_text())
    assert [one for one, times in Counter(found.ids).items() if times > 1] == []
    for target in found.targets:
        path, _, id_ = target.partition("#")
        there = (PAGES[page].parent / path) if path else PAGES[page]
        assert there.is_file(), target
        assert not id_ or id_ in Links(there).ids, target


@pytest.mark.parametrize("service", sorted(HTTP))
def test_the_page_of_a_service_has_each_of_its_events_and_operations(service):
    ids = set(Links(PAGES[f"{service}.html"]).ids)
    announced = {type_ for type_, contract in EVENTS.items() if contract["publisher"] == service}
    served = {
        operation["operationId"]
        for operations in HTTP[service]["paths"].values()
        for verb, operation in operations.items()
        if verb != "parameters"
    }

    assert announced | served <= ids


def test_readers_and_callers_are_named():
    assert pages.readers(EVENTS["order.paid"]) == ["entitlements", "notifier"]
    assert pages.readers(EVENTS["license.assigned"]) == ["notifier", pages.LIBRARY]
    assert pages.readers(EVENTS["notice.sent"]) == []
    assert pages.callers("orders", "POST /v1/accounts/{}/orders/{}/payment") == ["portal"]
    assert pages.callers("entitlements", "GET /v1/accounts/{}/licenses/{}/activation") == ["notifier"]
    assert pages.callers("catalog", "GET /v1/events") == ["orders", "entitlements", "notifier"]


def test_a_refusal_is_found_wherever_its_rule_stands():
    def codes(service: str, path: str, verb: str) -> set[str]:
        return {one.code for one in refusals.of(service, HTTP[service]["paths"][path][verb], path)}

    account = "/v1/accounts/{account_id}"
    assert {"no-free-license", "already-licensed"} <= codes("entitlements", f"{account}/assignments", "post")
    assert "seats-assigned" in codes("entitlements", f"{account}/parkings", "post"), "it is raised, not refused"
    assert {"quote-stale", "plan-not-sold"} <= codes("orders", f"{account}/orders", "post")
    assert codes("catalog", "/v1/plans/{code}", "get") == set()


@pytest.mark.parametrize(("service", "path", "verb"), OPERATIONS)
def test_a_call_can_be_copied(service, path, verb):
    contract = yaml.safe_load(yaml.safe_dump(HTTP[service]))
    operation = {"parameters": [], **contract["paths"][path][verb]}
    operation["parameters"] += contract["paths"][path].get("parameters", [])
    call = shown.curl(service, verb, path, operation, shown.Shower(contract["components"]["schemas"]))

    assert f"${service.upper()}/v1/" in call
    assert "{" not in call.partition("-d")[0]
    assert ("$TOKEN" in call) is bool(operation["security"])
