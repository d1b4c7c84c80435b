"""By which rules an operation can refuse, read from the code: what its route calls, and what that calls.

A function is found by its name, so that a rule too many may be named, never one too few; answers.py looks at
every refusal that a test gets.
"""

import ast
import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

STATUS = {
    "refuse": 409,
    "refuse_field": 422,  # of a domain: code, field, rule
    "_refuse_field": 422,
    "Refusal": 409,
    "Forbidden": 403,
    "Unauthorized": 401,
    "__init__": 409,  # of a Refusal with a name of its own
}
CODE = re.compile(r"[a-z]+(-[a-z]+)+")
ROUTES = ("get", "post", "put", "patch", "delete")
KIT = ("eventlog", "streams")  # routes that every service has


class Refused(NamedTuple):
    status: int
    code: str
    why: str


WRONG_ACCOUNT = Refused(403, "wrong-account", "The token belongs to another account.")
Function = ast.FunctionDef | ast.ClassDef


class Module(NamedTuple):
    """`functions`: by name, methods too, classes as their methods. `routes`: operationId → the function."""

    functions: dict[str, list[Function]]
    routes: dict[str, ast.FunctionDef]
    before: list[str]


def of(service: str, operation: Mapping[str, Any], path: str) -> list[Refused]:
    """Its own rules; `operation` and `path` as contracts/http has them."""
    own, kit = _read(service), _read("kit", KIT)
    route = own.routes.get(operation["operationId"]) or kit.routes[operation["operationId"]]
    module = own if operation["operationId"] in own.routes else kit
    begun = [own.functions[name][0] for name in own.before if operation["security"]]
    found = sorted({one for function in _reached([route, *begun], module) for one in _in(function)})
    shared = {one.code for one in general(operation, path)}
    return list({one.code: one for one in found if one.code not in shared}.values())


def general(operation: Mapping[str, Any], path: str) -> Iterator[Refused]:
    """What the kit refuses, of every operation of its kind alike."""
    parameters = operation.get("parameters", ())
    if operation["security"]:
        yield Refused(401, "token-missing", "Send a token: Authorization: Bearer …")
        yield Refused(401, "token-invalid", "The token is broken, unknown or expired.")
        yield Refused(403, "permission-missing", "The token lacks a permission.")
        if "{account_id}" in path:
            yield WRONG_ACCOUNT
    if "requestBody" in operation:
        yield Refused(400, "broken-json", "The body is not JSON.")
        yield Refused(413, "request-entity-too-large", "The body is larger than 1 MB.")
        yield Refused(415, "not-json", "Send the body as Content-Type: application/json.")
    if "422" in operation["responses"]:
        yield Refused(422, "invalid-fields", "Some fields break a rule; errors names each with its rule.")
    if "{" in path:
        yield Refused(404, "not-found", "There is no such thing.")
    if any(one.get("name") == "Idempotency-Key" for one in parameters) and operation["security"]:
        yield Refused(400, "idempotency-key-invalid", "Idempotency-Key: 1 to 200 visible ASCII characters.")
        yield Refused(422, "idempotency-key-reused", "This Idempotency-Key came with another body.")
    if "x-limit" in operation:
        yield Refused(429, "too-many-requests", "The limit was reached. Try again in … seconds.")
    yield Refused(500, "internal-error", "The service failed.")
    yield Refused(503, "database-away", "The service's database cannot be reached; try again soon.")


def _reached(functions: list[Function], module: Module) -> list[Function]:
    found: list[Function] = []
    waiting = list(functions)
    while waiting:
        function = waiting.pop()
        if function not in found:
            found.append(function)
            for name in _names(function):
                waiting += module.functions.get(name, ())
    return found


def _names(function: Function) -> set[str]:
    body = function.body if isinstance(function, ast.FunctionDef) else []
    nodes = [node for statement in body for node in ast.walk(statement)]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def _in(function: Function) -> Iterator[Refused]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            yield from _by(node, _called(node), [_text(argument) for argument in node.args])


def _by(call: ast.Call, name: str, said: list[str]) -> Iterator[Refused]:
    if name == "not_found":
        yield Refused(404, "not-found", f"There is no such {said[0]}.")
    elif name == "require_account":
        yield WRONG_ACCOUNT
    elif name in STATUS and said and CODE.fullmatch(said[0]):
        status = next((one.value for one in call.keywords if one.arg == "status"), None)
        stated = status.value if isinstance(status, ast.Constant) else STATUS[name]
        yield Refused(int(str(stated)), said[0], said[-1] if len(said) > 1 else "")


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _text(node: ast.expr) -> str:
    """What is written there, with … for what is put in; "" when nothing is."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) or "…" for part in parts)
    return ""


@cache
def _read(package: str, only: tuple[str, ...] = ()) -> Module:
    module = Module({}, {}, [])
    spec = importlib.util.find_spec(package)
    assert spec is not None
    folder = Path(str(spec.origin)).parent
    for path in sorted(folder.rglob("*.py")):
        if "migrations" not in path.parts and (not only or path.stem in only):
            for node in ast.walk(ast.parse(path.read_text())):
                _note(node, module)
    return module


def _note(node: ast.AST, module: Module) -> None:
    if isinstance(node, ast.FunctionDef):
        module.functions.setdefault(node.name, []).append(node)
        if any(isinstance(one, ast.Call) and _called(one) in ROUTES for one in node.decorator_list):
            module.routes[node.name] = node
    elif isinstance(node, ast.ClassDef):
        made = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        module.functions.setdefault(node.name, []).extend(made)
    elif isinstance(node, ast.Call) and _called(node) == "before_request":
        module.before.extend(one.id for one in node.args if isinstance(one, ast.Name))
