"""Publishers and consumers of events understand each other: contracts/events/ holds on both sides."""

import ast
import copy
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from notifier.wording import PLACEHOLDER, Wording

ROOT = Path(__file__).parents[2]
SERVICES = ("catalog", "orders", "entitlements", "notifier")
PRODUCTS = ("secure-messages",)
PUBLISHERS = {
    **{service: ROOT / "services" / service / "src" / service for service in SERVICES},
    **{product: ROOT / "examples" / product / "src" / product.replace("-", "_") for product in PRODUCTS},
}
CONTRACTS = {
    path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "contracts/events").glob("*.json"))
}
SHAPE = {"type", "publisher", "subject", "description", "must", "personal", "summary", "schema", "examples"}
EVENT_TYPE = re.compile(r"[a-z]+(\.[a-z-]+)+")
HANDLERS = {service: importlib.import_module(f"{service}.handlers").HANDLERS for service in SERVICES}
HEARD = [
    pytest.param(CONTRACTS.get(type_), source, type_, handler, id=f"{service}-{type_}")
    for service, by_source in HANDLERS.items()
    for source, by_type in by_source.items()
    for type_, handler in by_type.items()
    if type_ != "*"
]


def each(*types: str) -> Any:
    return pytest.mark.parametrize(
        "contract", [CONTRACTS[type_] for type_ in types or CONTRACTS], ids=types or CONTRACTS
    )


@each()
def test_a_contract_has_its_shape(contract):
    assert contract.keys() == SHAPE
    assert CONTRACTS[contract["type"]] is contract, "the file is named after the type"
    assert contract["publisher"] in PUBLISHERS
    assert contract["subject"] in ("account", "plan")
    assert contract["must"] in (True, False)
    assert contract["description"].endswith(".")
    assert set(contract["personal"]) <= contract["schema"]["properties"].keys()


@each()
def test_a_contract_tolerates_what_a_later_release_adds(contract):
    jsonschema.Draft202012Validator.check_schema(contract["schema"])
    for schema in objects(contract["schema"]):
        assert schema.get("additionalProperties") is not False
        assert set(schema.get("required", ())) <= schema.get("properties", {}).keys()


@each()
def test_the_examples_of_a_contract_keep_it(contract):
    validator = jsonschema.Draft202012Validator(contract["schema"], format_checker=jsonschema.FormatChecker())

    assert len(contract["examples"]) >= 2
    for example in contract["examples"]:
        assert [error.message for error in validator.iter_errors(example)] == []


@each(*(type_ for type_, contract in CONTRACTS.items() if contract["summary"]))
def test_a_summary_says_the_same_in_every_language(contract):
    named = {language: set(PLACEHOLDER.findall(text)) for language, text in contract["summary"].items()}

    assert named.keys() == {"en", "fr"}
    assert named["en"] == named["fr"]
    for field, filter_name in named["en"]:
        assert field == "actor" or described(contract["schema"], field), field
        assert filter_name in {"", *Wording("en").filters}
        assert filter_name != "money" or "currency" in contract["schema"]["required"]


def test_everything_about_an_account_has_a_line_in_its_activity_log():
    assert [
        type_ for type_, one in CONTRACTS.items() if one["subject"] == "account" and not one["summary"]
    ] == []


@pytest.mark.parametrize("publisher", PUBLISHERS)
def test_a_publisher_announces_what_its_contracts_say_and_nothing_else(publisher):
    promised = {type_ for type_, contract in CONTRACTS.items() if contract["publisher"] == publisher}

    assert built(PUBLISHERS[publisher] / "events.py") == promised


@pytest.mark.parametrize("publisher", PUBLISHERS)
def test_events_are_built_in_one_place(publisher):
    for path in PUBLISHERS[publisher].rglob("*.py"):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        assert path.name == "events.py" or "Event" not in {getattr(call, "id", None) for call in calls}, path


@pytest.mark.parametrize(("contract", "source", "type_", "handler"), HEARD)
def test_what_is_listened_to_is_announced(contract, source, type_, handler):
    assert contract is not None, f"nobody announces {type_}"
    assert contract["publisher"] == source


@pytest.mark.parametrize(("contract", "source", "type_", "handler"), HEARD)
def test_a_consumer_accepts_whatever_the_contract_allows(contract, source, type_, handler):
    for example in contract["examples"]:
        for said in (example, *variants(contract["schema"], example)):
            if handler.view is not None:
                handler.view.load(said)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_follows_the_sources_it_listens_to(service, monkeypatch):
    for name in SERVICES:
        monkeypatch.setenv(f"{name.upper()}_URL", "http://127.0.0.1:9")
    followed = importlib.import_module(f"{service}.settings").read().source_urls

    assert followed.keys() == HANDLERS[service].keys()


def built(path: Path) -> set[str]:
    """Every event type that is written in the file."""
    strings = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
    return {text for text in strings if isinstance(text, str) and EVENT_TYPE.fullmatch(text)}


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and those inside it that describe objects with named fields."""
    if "properties" in schema:
        yield schema
    for inner in (*schema.get("properties", {}).values(), schema.get("items")):
        if isinstance(inner, dict):
            yield from objects(inner)


def described(schema: dict[str, Any], field: str) -> bool:
    """Whether the schema has the field, written like term.start."""
    for name in field.split("."):
        schema = schema.get("properties", {}).get(name, {})
    return bool(schema)


def variants(schema: dict[str, Any], data: Any) -> Iterator[Any]:
    """The data with an unknown field, and without each field that is not required, at every depth."""
    if isinstance(data, list):
        for index, item in enumerate(data):
            for variant in variants(schema.get("items", {}), item):
                yield [*data[:index], variant, *data[index + 1 :]]
    if isinstance(data, dict) and "properties" in schema:
        yield {**data, "of_a_later_release": [{"a": 1}]}
        for name in data.keys() - set(schema.get("required", ())):
            yield {key: copy.deepcopy(value) for key, value in data.items() if key != name}
        for name, inner in schema["properties"].items():
            for variant in variants(inner, data.get(name)):
                yield {**data, name: variant}
