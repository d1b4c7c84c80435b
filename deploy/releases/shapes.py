"""What JSON looks like: made from contracts and from readers' views, and compared with each other.

A shape is the part of a JSON Schema that readers and writers can disagree about: `type` (a list; none says
anything), `format`, `enum`, bounds, `properties`, `required`, `items`, `values` of names that are not listed,
and `closed` where such names are refused. What no shape can hold is refused: silence would be a yes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

Shape = dict[str, Any]
ANYTHING: Shape = {}

# The first class that fits; a UUID is also a String.
KINDS: tuple[tuple[type[fields.Field[Any]], Shape], ...] = (
    (fields.UUID, {"type": ["string"], "format": "uuid"}),
    (fields.DateTime, {"type": ["string"], "format": "date-time"}),
    (fields.Date, {"type": ["string"], "format": "date"}),
    (fields.String, {"type": ["string"]}),
    (fields.Integer, {"type": ["integer"]}),
    (fields.Number, {"type": ["number"]}),
    (fields.Boolean, {"type": ["boolean"]}),
    (fields.Mapping, {"type": ["object"]}),
)
LEAST = ("minimum", "minLength", "minItems", "minProperties")
MOST = ("maximum", "maxLength", "maxItems", "maxProperties")
ALIKE = ("format", "pattern", "uniqueItems")
KEPT = (*ALIKE, "enum", *LEAST, *MOST)  # as the schema says them
TAKEN_APART = ("$ref", "anyOf", "type", "properties", "required", "items", "additionalProperties")
NOTES = ("$schema", "title", "description", "default", "examples", "readOnly", "writeOnly")
OF_VALUES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def of_view(view: Schema) -> Shape:
    """What a reader needs of a body."""
    inner = {field.data_key or name: field for name, field in view.fields.items()}
    shape: Shape = {
        "type": ["object"],
        "properties": {name: _of_field(field) for name, field in sorted(inner.items())},
        "required": sorted(name for name, field in inner.items() if field.required),
    }
    return shape | {"closed": True} if view.unknown == RAISE else shape


def _of_field(field: fields.Field[Any]) -> Shape:
    if isinstance(field, fields.Nested):
        shape = of_view(field.schema)
        shape = {"type": ["array"], "items": shape} if field.many else shape
    elif isinstance(field, fields.List):
        shape = {"type": ["array"], "items": _of_field(field.inner)}
    else:
        shape = dict(next((shape for kind, shape in KINDS if isinstance(field, kind)), ANYTHING))
        if isinstance(field, fields.Mapping) and field.value_field:
            shape["values"] = _of_field(field.value_field)
    for rule in field.validators:
        if not isinstance(rule, validate.OneOf):
            raise ValueError(f"what {rule} lets a reader take cannot be compared")
        shape["enum"] = list(rule.choices)
    return _or_null(shape) if field.allow_none else shape


def _or_null(shape: Shape) -> Shape:
    also = {"type": "null", "enum": None}
    return {**shape, **{name: [*shape[name], null] for name, null in also.items() if name in shape}}


def of_schema(schema: Mapping[str, Any], named: Mapping[str, Any] | None = None) -> Shape:
    """The same of a JSON Schema; `named`: the components that it refers to."""
    if "$ref" in schema:
        return of_schema((named or {})[schema["$ref"].rpartition("/")[2]], named)
    if strange := sorted(schema.keys() - {*KEPT, *TAKEN_APART, *NOTES}):
        raise ValueError(f"what {', '.join(strange)} says cannot be compared")
    if "anyOf" in schema:
        return _of_either(schema["anyOf"], named)
    shape: Shape = {}
    types = schema.get("type")
    if types is None and "enum" in schema:
        types = sorted({OF_VALUES[type(value)] for value in schema["enum"]})
    if types:
        shape["type"] = [types] if isinstance(types, str) else list(types)
    shape |= {name: schema[name] for name in KEPT if name in schema}
    if "properties" in schema:
        shape["properties"] = {
            name: of_schema(inner, named) for name, inner in sorted(schema["properties"].items())
        }
    if schema.get("required"):
        shape["required"] = sorted(schema["required"])
    if "items" in schema:
        shape["items"] = of_schema(schema["items"], named)
    others = schema.get("additionalProperties")
    if others is False:
        shape["closed"] = True
    elif isinstance(others, Mapping) and (values := of_schema(others, named)):
        shape["values"] = values
    return shape


def _of_either(schemas: Sequence[Mapping[str, Any]], named: Mapping[str, Any] | None) -> Shape:
    """Something, or null."""
    something = [schema for schema in schemas if schema.get("type") != "null"]
    if len(something) != 1:
        raise ValueError("what anyOf says cannot be compared")
    shape = of_schema(something[0], named)
    return _or_null(shape) if len(schemas) > 1 else shape


def tolerant(shape: Shape) -> Shape:
    """As a reader takes it: neither a value nor a name that is new to it is a reason to refuse."""
    whole: Shape = {name: shape[name] for name in ("type", "format", "required") if name in shape}
    if "properties" in shape:
        whole["properties"] = {name: tolerant(inner) for name, inner in shape["properties"].items()}
    return whole | {name: tolerant(shape[name]) for name in ("items", "values") if name in shape}


def complete(shape: Shape) -> Shape:
    """An answer: all its fields are there, and read as a reader takes them."""
    whole = {name: value for name, value in tolerant(shape).items() if name != "required"}
    if properties := {name: complete(inner) for name, inner in shape.get("properties", {}).items()}:
        whole |= {"properties": properties, "required": sorted(properties)}
    return whole | {name: complete(shape[name]) for name in ("items", "values") if name in shape}


def only(shape: Shape, names: Collection[str] | None) -> Shape:
    """A body of exactly these fields; of those that the shape says, when it is not known which."""
    if names is None:
        return shape
    known = shape.get("properties", {})
    return {**shape, "properties": {name: known.get(name, ANYTHING) for name in names}, "required": list(names)}


def described(shape: Shape, path: str = "") -> Iterator[tuple[str, str]]:
    """Every field in it, by its path, with what is said of it in a line."""
    for name, inner in shape.get("properties", {}).items():
        where = _within(path, name)
        kind = " or ".join(inner.get("type", ["anything"]))
        marks = [inner["format"]] if "format" in inner else []
        marks += [f"one of {', '.join(map(str, inner['enum']))}"] if "enum" in inner else []
        marks += [] if name in shape.get("required", ()) else ["not always there"]
        yield where, ", ".join([kind, *marks])
        yield from described(inner, where)
        if "items" in inner:
            listed = {"properties": {"[]": inner["items"]}, "required": ["[]"]}
            yield from ((one.replace(".[]", "[]", 1), said) for one, said in described(listed, where))


def differences(wanted: Shape, given: Shape, path: str = "") -> Iterator[str]:
    """Why somebody who expects `wanted` could fail on what is `given`; nothing when they never can."""
    where = path or "the body"
    if "type" in wanted and (wrong := _unexpected(wanted["type"], given.get("type"))):
        yield f"{where} may be {wrong}, expected is {' or '.join(wanted['type'])}"
        return
    for rule in ALIKE:
        if rule in wanted and given.get(rule) != wanted[rule]:
            yield f"{where} is no longer promised to have the {rule} {wanted[rule]}"
    for rule in (*LEAST, *MOST):
        if rule in wanted and _beyond(rule, given.get(rule), wanted[rule]):
            yield f"{where} may have the {rule} {given.get(rule, 'of its choice')}, not {wanted[rule]}"
    if "enum" in wanted and (more := set(given.get("enum", ["anything"])) - set(wanted["enum"])):
        yield f"{where} may be {', '.join(sorted(map(str, more)))}"
    if "object" in given.get("type", ["object"]):
        yield from _fields(wanted, given, path)
    if "items" in wanted and "array" in given.get("type", ["array"]):
        yield from differences(wanted["items"], given.get("items", ANYTHING), f"{path}[]")


def _fields(wanted: Shape, given: Shape, path: str) -> Iterator[str]:
    expected, there = wanted.get("properties", {}), given.get("properties", {})
    for name in wanted.get("required", ()):
        if name not in there:
            yield f"{_within(path, name)} is not there"
        elif name not in given.get("required", ()):
            yield f"{_within(path, name)} may be missing"
    for name, inner in there.items():
        if name in expected:
            yield from differences(expected[name], inner, _within(path, name))
        elif wanted.get("closed"):
            yield f"{_within(path, name)} is not known"
        elif "values" in wanted:
            yield from differences(wanted["values"], inner, _within(path, name))
    if "values" in wanted and not given.get("closed"):
        yield from differences(wanted["values"], given.get("values", ANYTHING), _within(path, "*"))


def _beyond(rule: str, given: float | None, wanted: float) -> bool:
    return given is None or (given < wanted if rule in LEAST else given > wanted)


def _within(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _unexpected(wanted: list[str], given: list[str] | None) -> str:
    """The types that may come although they are not expected."""
    if given is None:
        return "anything"
    known = {*wanted, *(["integer"] if "number" in wanted else [])}
    return " or ".join(one for one in given if one not in known)
