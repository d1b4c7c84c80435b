"""python -m releases.describe <directory> <unit>: the source there as the record of a release.

It imports the unit, so it runs in a process of its own that finds the code of that directory first.
"""

import importlib
import json
import logging
import pkgutil
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import yaml

from releases import calls, shapes, steps
from releases.records import EVERYBODY, KIT, SERVICES, UNITS, Release, to_json

METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"
LOG = ("GET /v1/events", "GET /v1/streams")  # what every reader asks of every source


def source_of(tree: Path, unit: str) -> Path:
    """The directory to import the unit from."""
    return tree / ("" if unit in (KIT, "portal") else "services") / unit / "src"


def described(tree: Path, unit: str) -> Release:
    """All but the commit."""
    reads = _reads(unit) if has(unit, "handlers") else {}
    return Release(
        unit=unit,
        version=version_in(tree, unit),
        kit=version_in(tree, KIT),
        announces=_announces(tree, unit),
        reads=reads,
        serves=_serves(tree, unit),
        calls=_calls(tree, unit, list(reads)) if unit != KIT else {},
        uses=_uses(unit) if has(unit, "models") else {},
        migrations=tuple(_migrations(tree, unit)),
    )


def version_in(tree: Path, unit: str) -> str:
    project = tomllib.loads((source_of(tree, unit).parent / "pyproject.toml").read_text())
    version: str = project["project"]["version"]
    return version


def has(unit: str, module: str) -> bool:
    return any(one.name == module for one in pkgutil.iter_modules(importlib.import_module(unit).__path__))


def _announces(tree: Path, unit: str) -> dict[str, Any]:
    contracts = (json.loads(path.read_text()) for path in sorted((tree / "contracts/events").glob("*.json")))
    return {
        one["type"]: {"must": one["must"], "data": shapes.of_schema(one["schema"])}
        for one in contracts
        if one["publisher"] == unit
    }


def _reads(unit: str) -> dict[str, Any]:
    handlers = importlib.import_module(f"{unit}.handlers").HANDLERS
    return {
        source: {
            type_: shapes.of_view(handler.view) if handler.view else shapes.ANYTHING
            for type_, handler in sorted(by_type.items())
        }
        for source, by_type in sorted(handlers.items())
    }


def _serves(tree: Path, service: str) -> dict[str, Any]:
    path = tree / "contracts" / "http" / f"{service}.yaml"
    contract = yaml.safe_load(path.read_text()) if path.exists() else {"paths": {}}
    named = contract.get("components", {}).get("schemas", {})
    return {
        f"{verb.upper()} {re.sub(r'{[^}]*}', '{}', route)}": _operation(operations[verb], named)
        for route, operations in sorted(contract["paths"].items())
        for verb in calls.VERBS
        if verb in operations
    }


def _operation(operation: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """The shapes of its body, its query and the answer when it succeeds; whom it lets in."""
    asked = [one for one in operation.get("parameters", ()) if one.get("in") == "query"]
    query = {
        "type": "object",
        "properties": {one["name"]: one["schema"] for one in asked},
        "required": [one["name"] for one in asked if one.get("required")],
        "additionalProperties": False,
    }
    succeeds = next(answer for status, answer in operation["responses"].items() if str(status) < "3")
    own = [f"own {operation['x-own']}"] if "x-own" in operation else []
    return {
        "lets_in": operation.get("x-grants", [EVERYBODY]) + own,
        "takes": shapes.of_schema(_body(operation.get("requestBody", {})), named),
        "asks": shapes.of_schema(query),
        "answers": shapes.complete(shapes.of_schema(_body(succeeds), named)),
    }


def _body(described: dict[str, Any]) -> dict[str, Any]:
    """Its schema; what is no JSON is of a type of its own."""
    content = described.get("content", {})
    found: dict[str, Any] = content[JSON]["schema"] if JSON in content else {"type": sorted(content)}
    return found


def _calls(tree: Path, unit: str, sources: list[str]) -> dict[str, Any]:
    known = {service: _serves(tree, service) for service in SERVICES}
    found = [calls.Call(source, operation, [], None) for source in sources for operation in LOG]
    found += calls.of(source_of(tree, unit) / unit)
    by_service: dict[str, Any] = {}
    for service, operation, sends, asks in sorted(found, key=lambda call: call[:2]):
        as_known = known[service].get(operation)
        if as_known is None:
            raise SystemExit(f"{unit} calls {operation} of {service}, which its contract does not have")
        call = {**as_known, "sends": sends, "asked": asks}
        if by_service.setdefault(service, {}).setdefault(operation, call) != call:
            raise SystemExit(
                f"{unit} calls {operation} in two ways, with other fields: let one function call it"
            )
    return by_service


def _uses(unit: str) -> dict[str, list[str]]:
    """The columns that the models of the unit and of the kit name."""
    for package in (KIT, unit):
        path = importlib.import_module(package).__path__
        for module in pkgutil.iter_modules(path, f"{package}."):
            if module.name.partition(".")[2] not in ("testing", "__main__"):
                importlib.import_module(module.name)
    table = importlib.import_module("kit.db").Table
    return {
        model._meta.table_name: sorted(model._meta.columns)
        for model in sorted(table.__subclasses__(), key=lambda model: str(model._meta.table_name))
    }


def _migrations(tree: Path, unit: str) -> Iterator[steps.Applied]:
    """As db.migrate applies them: the kit's first."""
    logging.getLogger("peewee.migrations").setLevel(logging.WARNING)
    database = peewee.SqliteDatabase(":memory:", pragmas={"foreign_keys": 1})
    for owner in dict.fromkeys((KIT, unit)):
        directory = source_of(tree, owner) / owner / "migrations"
        if directory.exists() and unit != "portal":
            for one in steps.of(database, directory, f"{owner}_history"):
                yield one._replace(name=f"{owner} {one.name}")


if __name__ == "__main__":
    assert sys.argv[2] in (*UNITS, KIT)
    print(to_json(described(Path(sys.argv[1]), sys.argv[2])), end="")
