"""Makes good requests from what contracts/http/ says, and bad ones by breaking one thing at a time."""

import copy
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from .worlds import HTTP, NOBODY

HUGE = 10**30
NUL, HALF = "\x00", "\ud800"  # a lone surrogate is no character
LONG = "x" * 20_000  # longer than any text may be
UNKNOWN = "of_nobody"
NEVER = "(?!)"  # the pattern that nothing matches
SAMPLES = {
    "uuid": NOBODY,
    "date": "2026-11-22",
    "date-time": "2026-11-22T20:59:47Z",
    "^[A-Z]{3}$": "CAD",
    "^[a-z][a-z0-9-]{0,29}$": "eco",
}
NOT_TEXT: tuple[Any, ...] = (5, True, 1.5, HUGE, [], ["x"], {}, {"x": "x"})
NOT_WHOLE: tuple[Any, ...] = ("1", "", 1.5, True, [], {}, HUGE, -HUGE, 10**400, -1, float("inf"))
NOT_FLAG: tuple[Any, ...] = ("true", 2, [], {})
NOT_OBJECT: tuple[Any, ...] = ("x", 5, True, [], [{}])
NOT_LIST: tuple[Any, ...] = ("x", 5, True, {}, {"0": 1})


class Operation(NamedTuple):
    """One route as its contract describes it."""

    service: str
    method: str
    path: str
    described: dict[str, Any]

    @property
    def body(self) -> dict[str, Any] | None:
        """The schema of the body, None without one."""
        content = self.described.get("requestBody", {}).get("content", {})
        found: dict[str, Any] | None = (
            resolved(self.service, content["application/json"]["schema"]) if content else None
        )
        return found

    @property
    def query(self) -> dict[str, dict[str, Any]]:
        """The schemas of its query parameters."""
        parameters = self.described.get("parameters", [])
        return {one["name"]: one["schema"] for one in parameters if one["in"] == "query"}


def operations(service: str) -> list[Operation]:
    return [
        Operation(service, method.upper(), path, described)
        for path, by_method in HTTP[service]["paths"].items()
        for method, described in by_method.items()
        if method != "parameters"
    ]


def resolved(service: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its references followed and `null` left out; `nullable` says that it was there."""
    if "anyOf" in schema:
        named = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return {**resolved(service, named[0]), "nullable": True}
    if "$ref" in schema:
        return resolved(service, HTTP[service]["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return {**schema, "type": next(kind for kind in kinds if kind != "null"), "nullable": "null" in kinds}
    return schema


def sample(service: str, schema: dict[str, Any]) -> Any:
    """A value that the schema allows."""
    schema = resolved(service, schema)
    if "examples" in schema or "enum" in schema:
        return (schema.get("examples") or schema["enum"])[0]
    match schema["type"]:
        case "string":
            known = SAMPLES.get(schema.get("format", "")) or SAMPLES.get(schema.get("pattern", ""))
            return known or "x" * max(schema.get("minLength", 1), 1)
        case "integer":
            return max(schema.get("minimum", 1), 1)
        case "boolean":
            return True
        case "array":
            return [sample(service, schema["items"])]
        case _:
            return {name: sample(service, inner) for name, inner in schema.get("properties", {}).items()}


def broken(service: str, schema: dict[str, Any], good: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(field, body) for one wrong thing each: the field's name as a refusal has to name it."""
    schema = resolved(service, schema)
    inside = f"{path}." if path else ""
    for wrong in _wrong(service, schema):
        yield path or "body", wrong
    if schema["type"] == "array":
        for field, wrong in broken(service, schema["items"], good[0], f"{inside}0"):
            yield field, [wrong]
        for field, wrong in broken(service, schema["items"], good[0], f"{inside}1"):
            yield field, [good[0], wrong]
    if schema["type"] != "object":
        return
    if schema.get("additionalProperties") is False:
        yield f"{inside}{UNKNOWN}", {**good, UNKNOWN: 1}
    for name in schema.get("required", ()):
        yield f"{inside}{name}", {key: copy.deepcopy(value) for key, value in good.items() if key != name}
    for name, inner in schema.get("properties", {}).items():
        for field, wrong in broken(service, inner, good[name], f"{inside}{name}"):
            yield field, {**good, name: wrong}


def _wrong(service: str, schema: dict[str, Any]) -> Iterator[Any]:
    if not schema.get("nullable"):
        yield None
    match schema["type"]:
        case "string":
            yield from (*NOT_TEXT, NUL, f"a{NUL}b", HALF, LONG)
            if {"pattern", "enum", "format"} & schema.keys():
                wrong = ("", "?", f"{sample(service, schema)}\n")
                yield from (text for text in wrong if not re.fullmatch(schema.get("pattern", NEVER), text))
            elif schema.get("minLength"):
                yield ""
        case "integer":
            yield from NOT_WHOLE
        case "boolean":
            yield from NOT_FLAG
        case "array":
            yield from NOT_LIST
            yield [None]
        case "object":
            yield from NOT_OBJECT


def bad_queries(schemas: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """(field, query string) for one wrong thing each; everything else that is required is there."""
    needed = {name: "x" for name, schema in schemas.items() if schema.get("minLength")}

    def asked(**given: str) -> str:
        return "&".join(f"{name}={value}" for name, value in {**needed, **given}.items())

    yield UNKNOWN, asked(**{UNKNOWN: "1"})
    for name, schema in schemas.items():
        wrong = ["%00", "a%00b", LONG]
        if schema.get("type") == "integer":
            wrong += ["x", "1.5", "1e3", "-1", str(HUGE), "1" + "0" * 400, "%C2%BD", ""]
        elif {"enum", "format", "pattern"} & schema.keys():
            wrong += ["x", "?", "%ED%A0%80", "%FF"]
        for value in wrong:
            yield name, asked(**{name: value})
