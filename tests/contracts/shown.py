"""Schemas for people: each field in a line, an example, and a call that can be tried."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from contracts import fields

WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "array": "list",
    "null": "null",
}
FORMATS = {
    "uuid": "UUID",
    "date-time": "instant, RFC 3339",
    "date": "date, as 2026-11-22",
    "email": "e-mail address",
    "hostname": "domain",
}
BY_FORMAT = {
    "uuid": "019ab000-0000-7000-8000-000000000001",
    "date-time": "2026-11-22T09:30:00.000000Z",
    "date": "2026-11-22",
}
BY_TYPE: dict[str, Any] = {
    "string": "…",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "object": {},
    "null": None,
}

Schema = Mapping[str, Any]


class Row(NamedTuple):
    """`name`: as in lines[].seats."""

    name: str
    kind: str
    meaning: str
    optional: bool


class Shower:
    """`named`: the schemas that others refer to."""

    def __init__(self, named: Mapping[str, Any] | None = None):
        self.named = named or {}

    def rows(self, schema: Schema, place: str, *, above: str = "", optional: bool = True) -> Iterator[Row]:
        """Every field, those inside of others below them. `optional`: what is not required may be missing."""
        schema, place = self._resolved(schema, place)
        required = schema.get("required", ()) if optional else schema.get("properties", ())
        for name, inner in schema.get("properties", {}).items():
            meaning = fields.meaning(name, inner, place)
            yield Row(above + name, self.kind(inner), meaning, name not in required)
            deeper, its_place = self._resolved(inner, place)
            many = "items" in deeper
            if many:
                deeper, its_place = self._resolved(deeper["items"], its_place)
            prefix = f"{above}{name}{'[]' if many else ''}."
            yield from self.rows(deeper, its_place, above=prefix, optional=optional)

    def kind(self, schema: Schema) -> str:
        whole, _ = self._resolved(schema, "")
        null = " or null" if whole is not schema and "anyOf" in schema else ""
        if "const" in whole:
            return f"always {json.dumps(whole['const'])}"
        if "enum" in whole:
            return "one of " + ", ".join("null" if one is None else str(one) for one in whole["enum"])
        types = whole.get("type", "anything")
        said = " or ".join(WORDS.get(one, one) for one in ([types] if isinstance(types, str) else types))
        if "items" in whole:
            return f"list of {self.kind(whole['items'])}{null}"
        return ", ".join(filter(None, (FORMATS.get(whole.get("format", ""), said), _limits(whole)))) + null

    def example(self, schema: Schema, name: str = "", place: str = "") -> Any:
        """Something that the schema allows, and that a reader understands."""
        schema, inside = self._resolved(schema, place)
        if "properties" in schema:
            return {one: self.example(inner, one, inside) for one, inner in schema["properties"].items()}
        known = [*schema.get("examples", ()), fields.example(name, place)]
        for one in (*known, *schema.get("enum", ()), BY_FORMAT.get(schema.get("format", ""))):
            if one is not None and one in schema.get("enum", [one]):
                return one
        if "items" in schema:
            return [self.example(schema["items"], name, place)]
        types = schema.get("type", "object")
        plain = BY_TYPE[types if isinstance(types, str) else types[0]]
        return schema.get("default", schema.get("minimum", plain))

    def _resolved(self, schema: Schema, place: str) -> tuple[Schema, str]:
        """What is meant by a reference, and its name."""
        if "anyOf" in schema:
            schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
        if "$ref" in schema:
            place = schema["$ref"].rpartition("/")[2]
            schema = self.named[place]
        return schema, place


def _limits(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if "maxLength" in schema:
        return f"at most {schema['maxLength']} characters"
    if least is not None and most is not None and most < 2**31:
        return f"{least} to {most}"
    return f"at least {least}" if least else ""


def curl(service: str, verb: str, path: str, operation: Schema, shower: Shower) -> str:
    """The operation, called from a shell where $ORDERS is where orders answers and $TOKEN a token."""
    parameters = operation.get("parameters", ())
    for one in parameters:
        if one["in"] == "path":
            value = example_of(one, path, shower)
            path = path.replace(f"{{{one['name']}}}", "$ACCOUNT" if one["name"] == "account_id" else str(value))
    asked = [one for one in parameters if one["in"] == "query" and one.get("required")]
    query = "&".join(f"{one['name']}={example_of(one, path, shower)}" for one in asked)
    parts = ["curl" if verb == "get" else f"curl -X {verb.upper()}"]
    parts[0] += f' "${service.upper()}{path}{"?" + query if query else ""}"'
    if operation["security"]:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    body = body_of(operation)
    if body:
        parts.append('-H "Content-Type: application/json"')
        parts.append(f"-d '{json.dumps(shower.example(body), ensure_ascii=False)}'")
    return " \\\n  ".join(parts)


def example_of(parameter: Schema, path: str, shower: Shower) -> Any:
    return shower.example(parameter["schema"], parameter["name"], place_of(parameter, path))


def place_of(parameter: Schema, path: str) -> str:
    """A parameter is known by the noun before it (domains.name), or as one of the query (?plan)."""
    parts = path.split("/")
    if parameter["in"] == "path":
        argument = f"{{{parameter['name']}}}"
        return parts[parts.index(argument) - 1] if argument in parts else ""
    return parts[-1]


def body_of(operation: Schema) -> Schema:
    content: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    found: Schema = content.get("application/json", {}).get("schema", {})
    return found
