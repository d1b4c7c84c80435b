"""Every command that a page tells people to type exists, and takes these options and that many arguments."""

import importlib
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from types import ModuleType

import click
import pytest
import yaml

from local import ports

from .pages import PAGES, PROGRAMS, Command, commands, commands_in, name_of
from .source import UNITS
from .worlds import HTTP, ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
COMPOSE = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text())
BESIDE_IT = ("build", "exec", "logs", "ps", "restart", "run", "start", "stop", "up")
FLAGS = ("--build", "--detach", "--force-recreate", "--no-deps", "--rm", "--wait")
RABBITMQCTL = (
    "add_user",
    "authenticate_user",
    "delete_queue",
    "list_queues",
    "purge_queue",
    "set_permissions",
    "status",
)
OPERATIONS = ("/livez", "/metrics", "/openapi.json", "/readyz")
EVERYTHING = [(page, command) for page in PAGES for command in commands(page)]


@pytest.mark.parametrize(
    ("page", "command"), EVERYTHING, ids=[f"{name_of(page)}: {command}"[:120] for page, command in EVERYTHING]
)
def test_a_command_on_a_page_can_be_typed(page, command):
    assert not (wrong := misfit(command)), f"{name_of(page)}: `{command}` {wrong}"


def test_commands_of_every_program_are_found():
    assert {command.program for _, command in EVERYTHING} == set(PROGRAMS)


@pytest.mark.parametrize(
    "misspelt",
    [
        "python -m order web",
        "python -m orders verfy",
        "python -m orders streams lst",
        "python -m orders streams list all",
        "python -m orders streams retry orders",
        "python -m orders streams skip orders <account>",
        "python -m orders streams retry orders <account> --because mended",
        "python -m orders rewind --source notifier --restored-at 2026-11-23T04:39:54Z",
        "PYTHONPATH=deploy .venv/bin/python -m backups keep orders.backup",
        "python -m compose.credential",
        "python -m compose.credentials now",
        "python -m local.run --data-base postgresql",
        "python -m releases undeployed orders 1.4.0 production",
        "python tests/contracts/summary.py",
        "make runn",
        "make soak SECONDS=10",
        "(set -a; . .run/orders.env; python -m orders chek)",
        "TOKEN=$(make -s tokens SCOPES=events:read)",
        "docker compose --file deploy/compose/compose.yml up",
        "docker compose --file deploy/compose/compose.yaml begin",
        "docker compose --file deploy/compose/compose.yaml up orders-webs",
        "docker compose --file deploy/compose/compose.yaml up --detached",
        "docker compose --file deploy/compose/compose.yaml run --rm catalog-web load-plan",
        "docker compose --file deploy/compose/compose.yaml exec rabbitmq rabbitmqctl list-queues",
        "docker build --file services/order/Dockerfile .",
        "docker run --rm seatwise/order:0.1.0 --help",
        "rabbitmqctl purge orders.inbox",
        "rabbitmqctl purge_queue order.inbox",
        "curl http://127.0.0.1:8003/v1/account",
        "curl http://127.0.0.1:8002/v1/checks -d '{}'",
        "curl http://127.0.0.1:8002/ready",
    ],
)
def test_a_misspelt_command_is_noticed(misspelt):
    [command] = commands_in(misspelt)

    assert misfit(command)


@pytest.mark.skipif(not shutil.which("rabbitmqctl"), reason="RabbitMQ is not installed")
def test_the_verbs_of_rabbitmqctl_are_those_of_the_installed_one():
    told = subprocess.run(["rabbitmqctl", "help"], capture_output=True, text=True, check=True).stdout

    assert set(RABBITMQCTL) <= set(re.findall(r"^ +([a-z_]+)\b", told, re.MULTILINE))


def misfit(command: Command) -> str:
    """Why it cannot be typed; empty when it can."""
    return CHECKS[command.program](command.words)


def _python(words: Sequence[str]) -> str:
    if words[0] != "-m":
        return "" if (ROOT / words[0]).is_file() else "is no file"
    module, *rest = words[1:]
    try:
        found = find_spec(f"{module}.__main__") if _is_package(module) else find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        return "is no module"
    return _takes(importlib.import_module(found.name), rest)


def _is_package(module: str) -> bool:
    found = find_spec(module)
    return found is not None and found.submodule_search_locations is not None


def _takes(module: ModuleType, words: list[str]) -> str:
    """A module is a click command, or uses argparse, or takes nothing."""
    main = getattr(module, "main", None)
    if isinstance(main, click.Command):
        return _click(main, words)
    if not hasattr(module, "parser"):
        return "takes no arguments" if words else ""
    try:
        module.parser().parse_args(words)
    except SystemExit:
        return "has other arguments"
    return ""


def _click(command: click.Command, words: list[str]) -> str:
    if not isinstance(command, click.Group):
        return _arguments(command, words)
    if not words or words[0] == "--help":
        return ""
    chosen = command.commands.get(words[0])
    return _click(chosen, words[1:]) if chosen else f"has no command {words[0]}"


def _arguments(command: click.Command, words: list[str]) -> str:
    try:
        given, left, _ = command.make_parser(click.Context(command)).parse_args(list(words))
    except click.UsageError as error:
        return error.format_message()
    for parameter in command.params:
        value, name = given.get(str(parameter.name)), parameter.human_readable_name
        if parameter.required and (value is None or parameter.value_is_missing(value)):
            return f"lacks {name}"
        chosen = isinstance(parameter.type, click.Choice) and isinstance(value, str) and not _is_anything(value)
        if chosen and value not in parameter.type.choices:
            return f"cannot take {value} as {name}"
    return f"has no argument for {left[0]}" if left else ""


def _is_anything(word: str) -> bool:
    """Something that people fill in: <account>, …, $TOKEN."""
    return word[:1] in "<$" or "…" in word


def _make(words: Sequence[str]) -> str:
    variables = [word.partition("=")[0] for word in words if "=" in word]
    targets = [word for word in words if "=" not in word and word != "-s"]
    rules = [re.search(rf"^{re.escape(target)}:.*(\n\t.*)*", MAKEFILE, re.MULTILINE) for target in targets]
    if None in rules:
        return "is no target"
    known = " ".join(rule[0] for rule in rules if rule)
    return ", ".join(f"knows no {name}" for name in variables if not re.search(rf"\b{name}\b", known))


def _docker(words: Sequence[str]) -> str:
    if words[0] == "compose":
        return _compose(words[1:]) if words[1:] else ""
    if words[0] == "build":
        return "" if (ROOT / words[words.index("--file") + 1]).is_file() else "has no such Dockerfile"
    [image, *rest] = [word for word in words[1:] if word != "--rm"]
    unit = image.partition(":")[0].removeprefix("seatwise/")
    return _unit(unit, rest) if unit in UNITS else "is no image"


def _compose(words: Sequence[str]) -> str:
    if words[0] != "--file" or not (ROOT / words[1]).is_file():
        return "names no compose file"
    verb, *rest = words[2:]
    if verb not in BESIDE_IT:
        return f"cannot {verb}"
    while rest and rest[0].startswith("--"):
        if (flag := rest.pop(0)) not in FLAGS:
            return f"has no {flag}"
    services, inside = (rest[:1], rest[1:]) if verb in ("run", "exec") else (rest, [])
    if unknown := set(services) - COMPOSE["services"].keys():
        return f"names no service of the suite: {unknown}"
    if verb == "run":
        return _unit(services[0].rpartition("-")[0], inside)
    return misfit(Command(inside[0], inside[1:])) if inside and inside[0] in PROGRAMS else ""


def _unit(unit: str, words: list[str]) -> str:
    """What a container of the unit is told to do."""
    return _takes(importlib.import_module(f"{unit}.__main__"), words)


def _rabbitmqctl(words: Sequence[str]) -> str:
    if words[0] not in RABBITMQCTL:
        return f"cannot {words[0]}"
    if words[0] in ("delete_queue", "purge_queue"):
        return "" if re.fullmatch(r"(orders|entitlements|notifier)\.inbox", words[1]) else "is no queue"
    return ""


def _curl(words: Sequence[str]) -> str:
    method = "post" if "-d" in words else "get"
    for word in words:
        if address := re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/[^?]*).*", word):
            service = {port: name for name, port in ports.KNOWN.items()}.get(int(address[1]))
            if address[2] not in OPERATIONS and not serves(service, method, address[2]):
                return f"is no route of {service}"
    return ""


def serves(service: str | None, method: str, path: str) -> bool:
    """Whether the contract has the route, whatever stands for its arguments."""
    asked = re.sub(r"<[^>]*>|\$\w+|…", "{}", path)
    known = HTTP.get(service or "", {"paths": {}})["paths"].items()
    return any(re.sub(r"{\w+}", "{}", one) == asked and method in methods for one, methods in known)


CHECKS: dict[str, Callable[[Sequence[str]], str]] = {
    "python": _python,
    "make": _make,
    "docker": _docker,
    "rabbitmqctl": _rabbitmqctl,
    "curl": _curl,
}
