"""What a service says of its HTTP surface: flask-smorest's OpenAPI, with who may call and what a refusal is."""

import re
from typing import Any

from flask import Flask

from kit import auth

KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "The same key and body again get the same answer and have no second effect.",
}


def describe(app: Flask, spec: dict[str, Any]) -> dict[str, Any]:
    """`x-grants`: a token needs one of them; `x-own`: so may the member named by this path argument.

    Bodies refuse unknown fields; answers may gain some, which readers ignore.
    """
    bodies = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method, operation in spec["paths"].get(path, {}).items():
            if method.upper() in (rule.methods or ()):
                operation["operationId"] = rule.endpoint.rpartition(".")[2]
                _describe(operation, path, app.view_functions[rule.endpoint])
                bodies.append(operation.get("requestBody"))
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    refusal = {"description": "Refused; `code` names the rule.", "content": content}
    components = spec["components"]
    components["responses"] = {"Refusal": refusal}
    received, used = set(), set()
    _add_schemas(received, bodies, components["schemas"])
    _add_schemas(used, [spec["paths"], refusal], components["schemas"])
    components["schemas"] = {name: components["schemas"][name] for name in used}
    for name in used - received:
        components["schemas"][name].pop("additionalProperties", None)
    return spec


def _describe(operation: dict[str, Any], path: str, view: Any) -> None:
    statuses = {"default"} | {status for status in operation["responses"] if status == "422"}
    if "requestBody" in operation:
        statuses |= {"400", "413", "415", "422"}
    if "{" in path:
        statuses.add("404")
    operation["security"] = []
    if view.access != auth.PUBLIC:
        statuses |= {"401", "403"}
        operation["security"] = [{"token": []}]
        operation["x-grants"] = sorted(view.access.grants)
    if view.access.own:
        operation["x-own"] = view.access.own
    if hasattr(view, "once"):
        operation.setdefault("parameters", []).append(KEY)
    operation["responses"] |= {status: {"$ref": "#/components/responses/Refusal"} for status in statuses}


def _add_schemas(names: set[str], node: Any, schemas: dict[str, Any]) -> None:
    """The names of all schemas that the node refers to, through others too."""
    if isinstance(node, list):
        for inner in node:
            _add_schemas(names, inner, schemas)
    elif isinstance(node, dict):
        _add_schemas(names, list(node.values()), schemas)
        kind, _, name = node.get("$ref", "").rpartition("/")
        if kind.endswith("/schemas") and name not in names:
            names.add(name)
            _add_schemas(names, schemas[name], schemas)
