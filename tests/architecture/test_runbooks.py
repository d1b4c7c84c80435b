"""Runbooks have one form, are found by what is seen, and speak of what the code says."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import peewee
import pytest
from prometheus_client.metrics import MetricWrapperBase

from kit import db, metrics, settings
from local.databases import POSTGRES

from .pages import BLOCK, PAGES, name_of, words
from .source import files
from .test_commands_on_pages import COMPOSE, RABBITMQCTL
from .test_migrations import models
from .worlds import ROOT, SERVICES

FOLDER = ROOT / "docs" / "runbooks"
INDEX = FOLDER / "README.md"
REPORT = ROOT / "docs" / "reports" / "runbooks.md"
RUNBOOKS = [page for page in PAGES if page.parent == FOLDER and page != INDEX]
PARTS = (r"^# .+\n\n\*\*Symptom\.\*\* ", r"^1\. ", r"^\*\*Harmless\*\*: ", r"^\*\*Done\*\* when ")
LONGEST = 60  # lines
NAME = re.compile(r"[a-z]+([_-][a-z]+)+|[A-Z]+(_[A-Z]+)+")
REASON = re.compile(r"([a-z]+(?:-[a-z]+)+): .*")
FOREIGN = {"ACCESS_REFUSED", "max_connections"}  # RabbitMQ and PostgreSQL call something so
SUFFIXES = {"gauge": ("",), "counter": ("_total",), "histogram": ("", "_bucket", "_count", "_sum")}
LOGS = {"debug", "info", "warning", "error", "exception"}
REFUSALS = {"refuse", "problem", "Refusal", "Unauthorized", "Forbidden"}
SAYS = {"str", "Charge"}  # env.str("SMTP_URL"); Charge(RETURNED, "not-charged")

by_page = pytest.mark.parametrize("page", RUNBOOKS, ids=name_of)


@by_page
def test_a_runbook_has_one_form(page):
    text = page.read_text()
    places = [found.start() if (found := re.search(part, text, re.MULTILINE)) else -1 for part in PARTS]

    assert -1 not in places, dict(zip(PARTS, places, strict=True))
    assert places == sorted(places)
    assert len(text.splitlines()) <= LONGEST


@by_page
def test_a_runbook_is_found_by_what_is_seen_and_was_followed(page):
    assert f"({page.name})" in INDEX.read_text()
    assert f"| [{page.stem}](../runbooks/{page.name}) |" in REPORT.read_text()


@pytest.mark.parametrize("page", [*RUNBOOKS, INDEX], ids=name_of)
def test_what_a_runbook_calls_by_a_name_is_called_so_in_the_code(page):
    named_in_queries = set(re.findall(r" AS (\w+)", page.read_text()))

    assert {word for word in words(page) if NAME.fullmatch(word)} - known() - named_in_queries == set()


@cache
def known() -> set[str]:
    """What is logged, measured, refused, stored and set, by its name."""
    measured = {
        f"{described.name}{suffix}"
        for collector in vars(metrics).values()
        if isinstance(collector, MetricWrapperBase)
        for described in collector.describe()
        for suffix in SUFFIXES[described.type]
    }
    rows = {field.column_name for table in tables() for field in table._meta.sorted_fields}
    stored = {table._meta.table_name for table in tables()} | rows
    roles = {f"{service}_{role}" for service in SERVICES for role in ("owner", "app", "read")}
    variables = {name.upper() for name in settings.Settings._fields}
    programs = {*COMPOSE["services"], *RABBITMQCTL, *FOREIGN}
    return said_by_the_code() | measured | stored | roles | variables | programs


def tables() -> Iterator[type[peewee.Model]]:
    for service in SERVICES:
        yield from models(service)


def said_by_the_code() -> set[str]:
    """Events of the log, codes of refusals, states, settings, and reasons like `history-changed: …`."""
    found: set[str] = set()
    for path in files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _called(node) in LOGS | REFUSALS | SAYS:
                found.update(argument.value for argument in node.args if _is_text(argument))
            elif _is_text(node) and (path.stem == "domain" or REASON.fullmatch(node.value)):
                found.add(node.value.partition(":")[0])
    return found


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


QUERIES = [
    (page, query)
    for page in RUNBOOKS
    for language, query in BLOCK.findall(page.read_text())
    if language == "sql"
]


@pytest.mark.parametrize(("page", "query"), QUERIES, ids=[name_of(page) for page, _ in QUERIES])
def test_a_query_of_a_runbook_is_understood_by_a_database(page, query, tmp_path):
    refusals = [refusal for service in SERVICES if (refusal := refused(service, query, tmp_path))]

    assert len(refusals) < len(SERVICES), refusals


def refused(service: str, query: str, folder: Path) -> str:
    """Why the service's database does not understand the query; what looks at PostgreSQL itself needs one."""
    if re.search(r"\bpg_", query) and not POSTGRES:
        pytest.skip("no PostgreSQL server")
    about_itself = re.search(r"\bpg_", query)
    opened = db.connect(POSTGRES if about_itself else f"sqlite:///{folder}/{service}.db")
    if not about_itself:
        db.migrate(service)
    try:
        with opened.connection_context():
            opened.execute_sql(f"EXPLAIN {query}")
    except peewee.DatabaseError as error:
        return str(error)
    finally:
        opened.close_all()
    return ""
