"""Whatever is sent to any route, the answer is a problem that names the rule and the field, never a failure."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kit import auth

from .bad import LONG, Operation, bad_queries, broken, operations, sample
from .worlds import World

JSON = "application/json"
NO_JSON = [
    b"",
    b"{",
    b"nul",
    b"\xff\xfe",
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b"{'a': 1}",
    b"{}{}",
    b"[" * 100_000,
]
NO_OBJECT = [b"[]", b"[{}]", b'"x"', b"5", b"null", b"true", b"1e400"]
TOO_MUCH = [b"x" * 10_000_000, b'"' + b"x" * 10_000_000 + b'"', b"[" + b"{}," * 3_000_000 + b"{}]"]
NOT_CALLED_JSON = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
    "x",
]


class Caller:
    """Calls the routes of one service as somebody whom they let in."""

    def __init__(self, app: Flask, client: FlaskClient, world: World):
        self.client, self.world = client, world
        self.access = {
            (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)): auth.access_of(app, rule.endpoint)
            or auth.PUBLIC
            for rule in app.url_map.iter_rules()
            for method in rule.methods or ()
        }

    def calls(self, operation: Operation, query: str = "", arguments: Any = None, **sent: Any) -> TestResponse:
        names = set(re.findall(r"\{(\w+)\}", operation.path))
        path = operation.path.format(**{**self.world.arguments(names), **(arguments or {})})
        headers = {
            **self.world.headers(self.access[operation.method, operation.path]),
            **sent.pop("headers", {}),
        }
        return self.client.open(f"{path}?{query}", method=operation.method, headers=headers, **sent)


@pytest.fixture
def caller(app: Flask, client: FlaskClient, world: World) -> Caller:
    return Caller(app, client, world)


def with_body(service: str) -> Iterator[tuple[Operation, dict[str, Any]]]:
    for operation in operations(service):
        if operation.body is not None:
            yield operation, operation.body


def complaints(answer: TestResponse, *statuses: int, field: str | None = None) -> str:
    """What is wrong with a refusal; empty when it is as it should be."""
    if answer.status_code not in statuses:
        return f"{answer.status_code}, not {statuses}: {answer.text[:200]}"
    body: Any = answer.json if answer.content_type == "application/problem+json" else None
    if body is None or not re.fullmatch(r"[a-z]+(-[a-z]+)*", body["code"]) or not body["detail"]:
        return f"no problem with a code: {answer.content_type} {answer.text[:200]}"
    named = [error["field"] for error in body.get("errors", [])]
    if field is not None and not any(f"{name}.".startswith(f"{field}.") for name in named):
        return f"names {named}"
    return ""


def refused(found: dict[str, str]) -> None:
    wrong = [f"{what}: {complaint}" for what, complaint in found.items() if complaint]
    assert wrong == [], "\n".join(["", *wrong])


def test_a_body_made_from_the_contract_is_understood(caller, package):
    """The control of this file: what is broken below was whole before."""
    for operation, schema in with_body(package):
        answer = caller.calls(operation, json=sample(package, schema))
        assert answer.status_code not in (400, 401, 403, 413, 415), f"{operation.path}: {answer.text}"
        assert answer.status_code != 422 or answer.json["code"] != "invalid-fields", (
            f"{operation.path}: {answer.text}"
        )


def test_a_wrong_field_is_named_whatever_is_wrong_with_it(caller, package):
    found = {}
    for operation, schema in with_body(package):
        for field, body in broken(package, schema, sample(package, schema)):
            raw = json.dumps(body).replace("Infinity", "1e400")
            answer = caller.calls(operation, data=raw, content_type=JSON)
            what = f"{operation.method} {operation.path} {field} in {raw[:300]}"
            found[what] = complaints(answer, 422, field=field)
    refused(found)


def test_what_is_no_json_object_is_refused(caller, package):
    found = {}
    for operation, schema in with_body(package):
        good = json.dumps(sample(package, schema))
        for status, bodies in ((400, NO_JSON), (422, NO_OBJECT), (413, TOO_MUCH)):
            for body in bodies:
                answer = caller.calls(operation, data=body, content_type=JSON)
                found[f"{operation.method} {operation.path} {body[:20]!r}"] = complaints(answer, status)
        for content_type in NOT_CALLED_JSON:
            answer = caller.calls(operation, data=good, headers={"Content-Type": content_type})
            found[f"{operation.method} {operation.path} as {content_type!r}"] = complaints(answer, 415)
    refused(found)


def test_a_wrong_query_is_named(caller, package):
    found = {}
    for operation in operations(package):
        if operation.query:
            for field, query in bad_queries(operation.query):
                answer = caller.calls(operation, query)
                found[f"{operation.method} {operation.path}?{query[:80]}"] = complaints(
                    answer, 422, field=field
                )
    refused(found)


def test_a_path_that_leads_nowhere_is_a_problem(caller, package):
    found = {}
    for operation in operations(package):
        body = {"json": sample(package, operation.body)} if operation.body is not None else {}
        for name in re.findall(r"\{(\w+)\}", operation.path):
            for value in (
                "%00",
                "a%00b",
                LONG,
                "%ED%A0%80",
                "%FF",
                "-",
                "1",
                "%0A",
                "eco%0A",
                "..%2F..",
                "%F0%9F%92%A9",
            ):
                answer = caller.calls(operation, arguments={name: value}, **body)
                found[f"{operation.method} {operation.path} {name}={value[:20]}"] = complaints(answer, 404)
    refused(found)


@pytest.mark.parametrize("key", ["", "x" * 201, "a\x7fb", "é\x85"])
def test_an_idempotency_key_that_cannot_be_kept_is_refused(caller, package, key):
    found = {}
    for operation, schema in with_body(package):
        if any(one["name"] == "Idempotency-Key" for one in operation.described.get("parameters", [])):
            answer = caller.calls(operation, json=sample(package, schema), headers={"Idempotency-Key": key})
            found[f"{operation.method} {operation.path}"] = complaints(answer, 400, 422)
    refused(found)
