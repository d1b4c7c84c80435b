"""Which routes of other units a unit calls, read from its code: the client classes say each path once.

A call is `….get(path, …)`, post, put, patch, delete, stream, text or send(method, path, …) with a path of
segments: `path_to(…)`, `paths.of(…)`, or `self.at(…)` of a class that says where `at` begins. The service
is the one that the module is named after, or whose `<service>_url` it is given. Release 0.1 wrote its paths
as f-strings under /v1/, often after `self.base`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from releases.records import SERVICES

VERBS = ("get", "post", "put", "patch", "delete")
METHODS = {"stream": "GET", "text": "GET"} | {verb: verb.upper() for verb in VERBS}
NOT_ASKED = {"timeout", "headers", "key", "json", "params"}

Known = dict[str, ast.expr]


class Call(NamedTuple):
    """`sends`: the fields of the body, `asks`: those of the query; None where the code does not say which."""

    service: str
    operation: str
    sends: list[str] | None
    asks: list[str] | None


def of(source: Path) -> Iterator[Call]:
    """All calls in the unit's source directory."""
    for path in sorted(source.rglob("*.py")):
        text = path.read_text()
        service = _service(path, text)
        if service:
            for node in ast.parse(text).body:
                if isinstance(node, ast.ClassDef):
                    yield from _of_class(node, service)


def _service(path: Path, text: str) -> str:
    named = [one for one in SERVICES if path.stem == one or f"{one}_url: str" in text]
    return named[0] if named else ""


def _of_class(node: ast.ClassDef, service: str) -> Iterator[Call]:
    functions = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    base = _assigned(node).get("self.base")
    at = next((one.body[-1].value for one in functions if one.name == "at"), None)  # type: ignore[attr-defined]
    for function in functions:
        known = _assigned(function) | {
            name: value for name, value in (("self.base", base), ("self.at", at)) if value
        }
        for call in (one for one in ast.walk(function) if isinstance(one, ast.Call)):
            if isinstance(call.func, ast.Attribute) and (found := _call(call, call.func.attr, service, known)):
                yield found


def _assigned(inside: ast.AST) -> Known:
    assignments = (one for one in ast.walk(inside) if isinstance(one, ast.Assign))
    return {ast.unparse(one.targets[0]): one.value for one in assignments}


def _call(call: ast.Call, verb: str, service: str, known: Known) -> Call | None:
    arguments = list(call.args)
    if verb == "send" and arguments and isinstance(arguments[0], ast.Constant):
        method = str(arguments.pop(0).value)  # type: ignore[attr-defined]
    elif verb in METHODS:
        method = METHODS[verb]
    else:
        return None
    path = _path(arguments[0], known) if arguments else ""
    if not path.startswith("/v1/"):
        return None
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    body = given.get("json", arguments[1] if len(arguments) > 1 else None)
    asks = None if None in given else sorted(str(name) for name in given if name not in NOT_ASKED)
    return Call(service, f"{method} {path}", _names(body, known), asks)


def _path(node: ast.expr | None, known: Known) -> str:
    """The path with {} for whatever is put into it; "" when it is none."""
    match node:
        case ast.Call(func=function, args=segments):
            return _of_segments(ast.unparse(function), segments, known)
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_path(part, known) for part in parts)
        case ast.FormattedValue(value=inserted):
            return (isinstance(inserted, ast.Attribute) and _path(inserted, known)) or "{}"
        case ast.Name() | ast.Attribute():
            return _path(known.get(ast.unparse(node)), known)
    return ""


def _of_segments(function: str, segments: list[ast.expr], known: Known) -> str:
    said = "".join("/" + _segment(one) for one in segments if not isinstance(one, ast.Starred))
    if function == "self.at":
        return _path(known.get(function), known) + said
    return f"/v1{said}" if function in ("path_to", "paths.of") else ""


def _segment(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else "{}"


def _names(node: ast.expr | None, known: Known) -> list[str] | None:
    if isinstance(node, ast.Name) and not any(target.startswith(f"{node.id}[") for target in known):
        node = known.get(node.id, node)
    if node is None:
        return []
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        return sorted(str(key.value) for key in node.keys if isinstance(key, ast.Constant))
    return None
