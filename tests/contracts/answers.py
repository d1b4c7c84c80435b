"""Holds every answer that a test gets from a service against what contracts/http/ says of that route."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml
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
    operation = _operation(app, answer)
    if operation is None:
        return
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


def _operation(app: Flask, answer: TestResponse) -> dict[str, Any] | None:
    if not (CONTRACTS / f"{app.name}.yaml").exists():
        return None
    try:
        adapter = app.url_map.bind("service")
        rule, _ = adapter.match(answer.request.path, method=answer.request.method, return_rule=True)
    except HTTPException:
        return None
    path = _contract(app.name)["paths"].get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
    operation: dict[str, Any] | None = path.get(answer.request.method.lower())
    return operation


@cache
def _contract(service: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CONTRACTS / f"{service}.yaml").read_text())
    return read


@cache
def _validator(service: str, schema: str) -> jsonschema.Draft202012Validator:
    whole = {**json.loads(schema), "components": _contract(service)["components"]}
    return jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())
