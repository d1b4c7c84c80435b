"""Names follow one grammar, so that whoever knows one knows the others."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import db

from .source import UNITS, files
from .test_migrations import models
from .worlds import EVENTS, ROOT, SERVICES

VERBS = re.compile(
    "activate|add|approve|assign|cancel|change|check|choose|close|confirm|drop|empty|end|fill|forget|free|give|issue|lapse|limit"
    "|make|note|open|park|pay|place|publish|queue|record|release|remove|renew|respell|restore|retell|retire|send|settle|sign|start|suspend"
    "|unassign|undo|unpark|use"
)
HAS_HAPPENED = re.compile(r"[a-z]+\.([a-z]+-)*([a-z]+ed|paid|sent)")
KEBAB = re.compile(r"[a-z]+(-[a-z]+)*")
REFUSERS = {"refuse", "refuse_field", "_refuse_field", "Refusal", "Forbidden", "Unauthorized"}


def functions(path: Path) -> Iterator[str]:
    """The public functions at the top of a file."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name


def of(service: str, module: str) -> list[Path]:
    """The module of a service, or the files of its package."""
    found = [UNITS[service] / f"{module}.py", *sorted((UNITS[service] / module).glob("*.py"))]
    return [path for path in found if path.exists()]


@pytest.mark.parametrize("service", SERVICES)
def test_a_command_is_a_verb_and_its_object(service):
    for path in of(service, "commands"):
        for name in functions(path):
            verb, _, what = name.partition("_")
            assert VERBS.fullmatch(verb), f"{path}: {name} (a new verb is added to VERBS)"
            assert what, f"{path}: {name} what?"


def test_an_event_says_what_has_happened_to_what():
    assert [type_ for type_ in EVENTS if not HAS_HAPPENED.fullmatch(type_)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_an_event_is_built_by_a_function_of_its_name(service):
    announced = {type_ for type_, contract in EVENTS.items() if contract["publisher"] == service}
    defined = {
        name
        for path in of(service, "events")
        for node in ast.parse(path.read_text()).body
        for name in ([node.name] if isinstance(node, ast.FunctionDef) else _assigned(node))
    }

    assert {re.sub(r"[.-]", "_", type_) for type_ in announced} <= defined


def _assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


@pytest.mark.parametrize("service", SERVICES)
def test_a_handler_is_called_on_what_has_happened(service):
    for path in of(service, "handlers"):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        for call in calls:
            if isinstance(call.func, ast.Name) and call.func.id == "Handler":
                assert getattr(call.args[1], "id", "").startswith("on_"), ast.unparse(call)


def test_a_refusal_is_named_after_its_rule():
    for path in files("kit", *SERVICES):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                assert called not in REFUSERS or KEBAB.fullmatch(str(node.args[0].value)), (
                    f"{path}: {ast.unparse(node)}"
                )


@pytest.mark.parametrize("service", SERVICES)
def test_tables_are_plural(service):
    names = {table._meta.table_name for table in models(service) if issubclass(table, db.Table)}

    assert {name for name in names if not name.endswith("s")} == {"outbox"}


def test_tests_are_sentences():
    for path in sorted(ROOT.glob("**/tests/**/test_*.py")):
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts):
            for name in functions(path):
                assert not name.startswith("test_") or name.count("_") >= 3, f"{path}: {name}"
