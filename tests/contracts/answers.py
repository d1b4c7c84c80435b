"""Holds every answer that a test gets from a service against what contracts/http/ says of that route."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from contracts import refusals
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

CONTRACTS = Path(__file__).parents[2] / "contracts" / "http"


class Listening(FlaskClient):
    """The client of an application under test; it raises where an answer breaks the contract."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        check(self.application, answer)
        return answer


def check(app: Flask, answer: TestResponse) -> None:
    """AssertionError when a known route of a service answers what its contract does not promise."""
    found = _operation(app, answer)
    if found is None:
        return
    path, operation = found
    promised = operation["responses"].get(str(answer.status_code), operation["responses"]["default"])
    if "$ref" in promised:
        promised = _contract(app.name)["components"]["responses"][promised["$ref"].rpartition("/")[2]]
    content = promised.get("content", {})
    where = f"{answer.request.method} {answer.request.path} → {answer.status_code}"
    if not content:
        assert not answer.data or answer.is_streamed, f"{where}: an answer without content has some"
        return
    assert answer.mimetype in content, f"{where}: {answer.mimetype}, promised is {list(content)}"
    if answer.is_json:
        schema = content[answer.mimetype]["schema"]
        broken = list(_validator(app.name, json.dumps(schema)).iter_errors(answer.json))
        assert not broken, f"{where}: {broken[0].json_path}: {broken[0].message[:300]}"
    if answer.mimetype == "application/problem+json":
        code = json.loads(answer.data)["code"]
        assert code in _codes(app.name, path, answer.request.method), f"{where}: {code} stands on no page"


def _operation(app: Flask, answer: TestResponse) -> tuple[str, dict[str, Any]] | None:
    """The path, as the contract writes it, and what is promised there."""
    if not (CONTRACTS / f"{app.name}.yaml").exists():
        return None
    try:
        adapter = app.url_map.bind("service")
        rule, _ = adapter.match(answer.request.path, method=answer.request.method, return_rule=True)
    except HTTPException:
        return None
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
    operation = _contract(app.name)["paths"].get(path, {}).get(answer.request.method.lower())
    return (path, operation) if operation else None


@cache
def _codes(service: str, path: str, method: str) -> set[str]:
    """By which rules the pages say that it can refuse."""
    operation = _contract(service)["paths"][path][method.lower()]
    own = refusals.of(service, operation, path)
    return {one.code for one in (*own, *refusals.general(operation, path))}


@cache
def _contract(service: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CONTRACTS / f"{service}.yaml").read_text())
    return read


@cache
def _validator(service: str, schema: str) -> jsonschema.Draft202012Validator:
    whole = {**json.loads(schema), "components": _contract(service)["components"]}
    return jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())
