"""What the pages for people say exists: commands, events, screens, routes, files, `make` targets."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import kit
from kit import settings as kit_settings
from portal import settings as portal_settings
from portal.app import create_app

from .pages import CODE, PAGES, TRACKED, name_of, words
from .source import UNITS
from .test_migrations import models
from .worlds import EVENTS, HTTP, ROOT, SERVICES

NOUNS = {type_.partition(".")[0] for type_ in EVENTS}
OUTSIDE = {"your services"}
CANVAS = ["Owns", "API", "Announces", "Listens to", "Tables", "Settings", "Runbooks"]
# Where paths of machines begin; a test of the paths of this one must not take them for it.
EVERYWHERE = {
    Path(path) for path in ("/", "/home", "/root", "/srv", "/opt", "/tmp", "/usr", "/var", "/mnt", "/app")
}


class Step(NamedTuple):
    """A row of the table of the article in README.md."""

    step: str
    screen: str
    command: str
    event: str
    reacting: set[str]


def steps() -> Iterator[Step]:
    rows = [
        line.strip("| ").split("|") for line in (ROOT / "README.md").read_text().splitlines() if line[:1] == "|"
    ]
    table = [[cell.strip() for cell in row] for row in rows]
    for row in table[table.index(["step", "screen", "command", "event", "who reacts"]) + 2 :]:
        step, screen, command, event, reacting = (row + [""] * 5)[:5]
        yield Step(
            step,
            screen.strip("`"),
            command.strip("`"),
            event.strip("`"),
            set(filter(None, reacting.split(", "))),
        )


@pytest.fixture
def screens(keys: Any, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The rules of the portal, written like /orders/<order_id>."""
    for service in SERVICES:
        monkeypatch.setenv(f"{service.upper()}_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SECRET_KEY_FILE", str(keys / "portal-secret"))
    monkeypatch.setenv("TRUST_DIR", str(keys / "trust"))
    monkeypatch.setenv("SIGNING_KEY_FILE", str(keys / "portal.json"))
    app = create_app(portal_settings.read())
    kit_settings.name_service("unknown")
    return {re.sub(r"<\w+:", "<", rule.rule) for rule in app.url_map.iter_rules()}


def test_the_screens_of_the_article_exist(screens):
    named = {step.screen for step in steps()} - {""}

    assert named, "README.md has lost its table"
    assert named - screens == set()


def test_the_commands_of_the_article_exist():
    for step in steps():
        assert not step.command or is_command(step.command), step.command


def is_command(name: str) -> bool:
    """Whether orders.pay_order is a function of orders' commands, or of a module inside of them."""
    service, _, command = name.partition(".")
    commands = importlib.import_module(f"{service}.commands")
    inside = [
        f"{service}.commands.{module.name}"
        for module in pkgutil.iter_modules(getattr(commands, "__path__", ()))
    ]
    return any(
        callable(getattr(place, command, None))
        for place in map(importlib.import_module, (commands.__name__, *inside))
    )


def test_the_events_of_the_article_are_told_by_who_does_it_to_who_reacts():
    for step in steps():
        if step.event:
            source = EVENTS[step.event]["publisher"]
            assert source == step.command.partition(".")[0], step
            assert step.reacting - OUTSIDE == listeners(source, step.event), step


def listeners(source: str, type_: str) -> set[str]:
    found = set()
    for service in SERVICES:
        heard = importlib.import_module(f"{service}.handlers").HANDLERS.get(source, {})
        if type_ in heard or "*" in heard:
            found.add(service)
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_names_real_things(page):
    for word in words(page):
        assert not (wrong := unreal(word, page)), f"{name_of(page)}: `{word}` {wrong}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_links_of_a_page_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        assert "://" in target or target.startswith("mailto:") or (page.parent / target).exists(), target


def unreal(word: str, page: Path) -> str:
    """Why what looks like a name of ours names nothing; empty for everything else."""
    if re.fullmatch(r"[a-z]+\.[a-z-]+", word) and word.partition(".")[0] in NOUNS:
        return "" if word in EVENTS or word.endswith((".py", ".json")) else "is no event"
    if re.fullmatch(rf"({'|'.join(SERVICES)})\.[a-z_]+", word) and not word.endswith((".py", ".inbox")):
        return "" if is_command(word) else "is no command"
    if route := re.fullmatch(r"(GET|PUT|POST|PATCH|DELETE) (/v1/[^\s?`]*)\S*", word):
        return (
            "" if route[2] in KNOWN or _shape(route[2]) in {_shape(path) for path in KNOWN} else "is no route"
        )
    if target := re.fullmatch(r"make (?:-s )?([a-z-]+)\b.*", word):
        return (
            ""
            if re.search(rf"^{target[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
            else "is no target"
        )
    if re.fullmatch(r"(services|portal|kit|contracts|deploy|docs|tests|clients|benchmarks)/[\w./-]*", word):
        nearby = (ROOT, page.parent, *page.parent.glob("src/*"))
        return "" if any((place / word).exists() for place in nearby) else "does not exist"
    return ""


KNOWN = {path for contract in HTTP.values() for path in contract["paths"]}


def _shape(path: str) -> str:
    """The path whatever its arguments are called."""
    return re.sub(r"\{[^}]*\}|<[^>]*>|…", "{}", path.rstrip("/"))


def test_the_kits_page_names_its_modules():
    table = re.findall(r"^\| (`.*?) \|", (ROOT / "kit" / "README.md").read_text(), re.MULTILINE)
    named = {word for row in table for word in CODE.findall(row)}

    assert named == {module.name for module in pkgutil.iter_modules(kit.__path__)}


@pytest.mark.parametrize("service", SERVICES)
def test_the_pages_of_all_services_have_one_form(service):
    page = (ROOT / "services" / service / "README.md").read_text()
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)

    assert [heading for heading in headings if heading in CANVAS] == CANVAS


@pytest.mark.parametrize("service", SERVICES)
def test_the_page_of_a_service_names_all_that_it_announces_and_owns(service):
    parts = (ROOT / "services" / service / "README.md").read_text().split("\n## ")
    named = {part.partition("\n")[0]: set(CODE.findall(part)) for part in parts}
    announced = {type_ for type_, contract in EVENTS.items() if contract["publisher"] == service}
    tables = {table._meta.table_name for table in models(service) if table.__module__.startswith(service)}

    assert named["Announces"] & EVENTS.keys() == announced
    assert tables - named["Tables"] == set()


def test_no_file_speaks_of_the_machine_it_was_written_on():
    here = [path for path in (ROOT, *ROOT.parents, Path.home()) if path not in EVERYWHERE]
    machine = re.compile(
        "|".join(rf"(?<![\w.-]){re.escape(str(path))}(?=[/\s\"'`]|$)" for path in here).encode()
    )
    assert here
    for name in TRACKED:
        path = ROOT / name
        if path.is_file():
            assert not machine.search(path.read_bytes()), name


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit != "deploy"])
def test_a_unit_has_a_page(unit):
    assert (UNITS[unit].parents[1] / "README.md").exists()
