"""What a service says of its HTTP surface: flask-smorest's OpenAPI, with who may call and what a refusal is."""

import re
from copy import deepcopy
from typing import Any

from flask import Flask

from kit import auth, limits

REFUSAL = {"$ref": "#/components/responses/Refusal"}
TWICE = "The same key and body again get the same answer and no second effect."
WORD = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]*$"}
KEY = {"in": "header", "name": "Idempotency-Key", "schema": WORD, "description": TWICE}


def names_of_a_map(_converter: Any, field: Any, **_: Any) -> dict[str, Any]:
    """`propertyNames` of a field's metadata, a word of JSON Schema that apispec passes over."""
    return {name: rule for name, rule in field.metadata.items() if name == "propertyNames"}


def describe(app: Flask, spec: dict[str, Any]) -> dict[str, Any]:
    """`x-grants`: a token needs one of them; `x-own`: so may the member named by this path argument.

    Bodies refuse unknown fields; answers may gain some, which readers ignore.
    """
    spec = deepcopy(spec)  # parts of it are flask-smorest's own
    bodies, schemas = [], spec["components"]["schemas"]
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        access = auth.access_of(app, rule.endpoint)
        for method, operation in spec["paths"].get(path, {}).items():
            if access is not None and method.upper() in (rule.methods or ()):
                operation["operationId"] = rule.endpoint.rpartition(".")[2]
                _describe(operation, path, access, hasattr(app.view_functions[rule.endpoint], "once"))
                _describe_limit(operation, limits.limit_of(app.view_functions[rule.endpoint]))
                bodies.append(operation.get("requestBody"))
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    refusal = {"description": "Refused; `code` names the rule.", "content": content}
    received, used = _schemas_in(bodies, schemas), _schemas_in([spec["paths"], refusal], schemas)
    spec["components"] |= {"responses": {"Refusal": refusal}, "schemas": {name: schemas[name] for name in used}}
    for name in used - received:
        schemas[name].pop("additionalProperties", None)
    return spec


def _describe(operation: dict[str, Any], path: str, access: auth.Access, once: bool) -> None:
    guarded, body = access != auth.PUBLIC, "requestBody" in operation
    refusals = {"default": True, "401": guarded, "403": guarded, "404": "{" in path}
    refusals |= {"400": body, "413": body, "415": body, "422": body or "422" in operation["responses"]}
    operation["responses"] |= {status: REFUSAL for status, due in refusals.items() if due}
    operation["security"] = [{"token": []}] if guarded else []
    operation |= {"x-grants": sorted(access.grants)} if guarded else {}
    operation |= {"x-own": access.own} if access.own else {}
    if once:
        operation.setdefault("parameters", []).append(KEY)


def _describe_limit(operation: dict[str, Any], limit: limits.Limit | None) -> None:
    """`x-limit`: the name of the limit and its rate unless a setting replaces it."""
    if limit is not None:
        operation["responses"].setdefault("429", REFUSAL)
        operation["x-limit"] = {"name": limit.name, "default": limit.default}


def _schemas_in(node: Any, schemas: dict[str, Any]) -> set[str]:
    """The names of all schemas that the node refers to, through others too; none refers to itself."""
    if isinstance(node, list):
        return set().union(*(_schemas_in(inner, schemas) for inner in node))
    if not isinstance(node, dict):
        return set()
    kind, _, name = str(node.get("$ref", "")).rpartition("/")
    named = {name} | _schemas_in(schemas[name], schemas) if kind.endswith("/schemas") else set()
    return named | _schemas_in(list(node.values()), schemas)
