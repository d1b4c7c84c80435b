"""Dockerfiles and compose.yaml say what they promise, and the page about them names real things."""

import re
import stat
import tomllib
from typing import Any

import pytest
import yaml

from compose import credentials
from local import ports, running
from local.suite import SERVICES
from orders import __main__ as orders

from .stack import UNITS

ROOT = running.REPOSITORY
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text())
PAGE = (ROOT / "docs/operations.md").read_text()
DOCKERFILES = {unit: (ROOT / file).read_text() for unit, file in UNITS.items()}
ALONE = {unit: text for unit, text in DOCKERFILES.items() if unit != "mailbox"}


def test_the_dockerfiles_of_the_units_differ_in_name_folder_and_port_alone():
    alike = {
        re.sub(rf"\b{unit}\b", "UNIT", text.replace(f"services/{unit}", unit)).replace(
            str(ports.KNOWN[unit]), "PORT"
        )
        for unit, text in ALONE.items()
    }

    assert len(alike) == 1


@pytest.mark.parametrize("unit", DOCKERFILES)
def test_a_dockerfile_builds_from_the_official_image_and_ends_without_root(unit):
    lines = DOCKERFILES[unit].splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]

    assert bases == ["python:3.11-slim-bookworm"] * 2
    assert not any("syntax=" in line for line in lines)
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]
    assert any(line.startswith('ENTRYPOINT ["python", "-m", ') for line in lines)


PACKAGE = re.compile(r"--package (\S+)")


@pytest.mark.parametrize("unit", DOCKERFILES)
def test_the_package_whose_dependencies_a_dockerfile_installs_is_one_that_it_copied(unit):
    """An engine finds out too, but `make test` starts none."""
    text = DOCKERFILES[unit]
    copied = re.findall(r"(?<= )(?:\S+/)?pyproject\.toml", text)
    projects = [tomllib.loads((ROOT / path).read_text()) for path in copied]

    assert PACKAGE.findall(text) != []
    assert set(PACKAGE.findall(text)) <= {project["project"]["name"] for project in projects}


@pytest.mark.parametrize("unit", DOCKERFILES)
def test_everything_a_dockerfile_installs_is_checked_against_a_hash_or_built_here(unit):
    commands = DOCKERFILES[unit].replace("\\\n", " ")
    installs = [part for part in re.split(r"&&|\n", commands) if "pip install" in part]

    assert len(installs) >= 2
    assert all("--require-hashes" in part or "--no-index --no-deps" in part for part in installs)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_container_is_confined(name):
    service = COMPOSE["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"] in ("256m", "512m")
    assert service["pids_limit"]
    assert not {"privileged", "cap_add", "network_mode", "pid"} & set(service)
    # The proxy alone may be published elsewhere, by PROXY_ADDRESS.
    published = ports.HOST if name != "proxy" else f"${{PROXY_ADDRESS:-{ports.HOST}}}"
    assert all(port.startswith(f"{published}:") for port in service.get("ports", []))
    assert ("ports" in service) <= ("front" in service["networks"])


def test_the_portal_reaches_neither_databases_nor_broker():
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert COMPOSE["services"]["portal-web"]["networks"] == ["front"]
    for server in ("postgres", "rabbitmq"):
        assert COMPOSE["services"][server]["networks"] == ["data"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_waits_for_its_own_migration_and_for_no_other_service(service):
    migrated = {f"{service}-migrate": {"condition": "service_completed_successfully"}}

    for process in ("web", "worker"):
        assert COMPOSE["services"][f"{service}-{process}"]["depends_on"] == migrated
    assert set(COMPOSE["services"][f"{service}-migrate"]["depends_on"]) == {"databases"}


def test_no_secret_stands_in_the_file():
    for service in COMPOSE["services"].values():
        assert not {"DATABASE_URL", "BROKER_URL", "PGPASSWORD"} & set(service.get("environment", {}))
    assert all(secret["file"].startswith("${SECRETS:-") for secret in COMPOSE["secrets"].values())


def test_secrets_are_made_once_for_their_owner_alone_and_hidden_from_git(tmp_path):
    directory = tmp_path / "secrets"
    credentials.make(directory)
    made = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    credentials.make(directory)

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert (directory / ".gitignore").read_text() == "*\n"
    changed = {path.name for path in directory.rglob("*") if path.is_file() and made[path] != path.read_bytes()}
    assert changed <= {"rabbitmq.json"}  # hashes of the same passwords, with a new salt


def test_every_file_that_compose_hands_out_is_made(tmp_path):
    credentials.make(tmp_path)
    text = (ROOT / "deploy/compose/compose.yaml").read_text()
    wanted = re.findall(r"\$\{SECRETS:-\./secrets\}/([\w./-]+?)[\s\":]", text)

    assert len(wanted) > 20
    assert [name for name in wanted if not (tmp_path / name).exists()] == []


def test_the_page_names_services_variables_modules_and_files_that_exist():
    section = PAGE[PAGE.index("## In containers") : PAGE.index("## Settings")]
    commands = re.findall(r"^docker compose --file (\S+) (.*)$", section, re.MULTILINE)
    named = {
        word
        for _, rest in commands
        for word in rest.split()
        if re.fullmatch(r"[a-z]+-(web|worker|migrate)", word)
    }
    variables = re.findall(r"\$\{(\w+):-", (ROOT / "deploy/compose/compose.yaml").read_text())

    assert len(commands) >= 6
    assert {file for file, _ in commands} == {"deploy/compose/compose.yaml"}
    assert named
    assert named <= set(COMPOSE["services"])
    assert [name for name in variables if f"`{name}`" not in section] == []
    for module in re.findall(r"-m (compose\.\w+)", section):
        assert (ROOT / "deploy" / f"{module.replace('.', '/')}.py").exists(), module
    for file in re.findall(r"(?:deploy|services|contracts)/[\w/.]+\w", section):
        assert (ROOT / file).exists() or file == "deploy/compose/secrets" or "secrets/passwords" in file, file


def test_the_page_names_every_command_of_a_service_and_no_other():
    assert set(re.findall(r"`python -m orders (\w+)", PAGE)) == set(orders.main.commands)
