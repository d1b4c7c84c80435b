"""The command line of a unit says what an operator can mend in a sentence, never in a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import keys as local_keys

from .worlds import SERVICES

SOURCES = {f"{service.upper()}_URL": "http://127.0.0.1:9" for service in SERVICES}


@pytest.fixture
def command(tmp_path: Path):
    def run(unit: str, *arguments: str, **env: str) -> tuple[int, str]:
        known = {
            name: value for name, value in os.environ.items() if not name.endswith(("_URL", "_FILE", "_DIR"))
        }
        done = subprocess.run(
            [sys.executable, "-m", unit, *arguments],
            env=known | env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("unit", [*SERVICES, "portal"])
def test_help_needs_no_settings(command, unit):
    code, said = command(unit, "--help")

    assert code == 0
    assert "web" in said
    assert "check" in said


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({}, "URL"),
        (SOURCES, "DATABASE_URL must begin with"),
        ({**SOURCES, "DATABASE_URL": "sqlite:///own.db"}, "pending migrations: kit 0001_initial"),
        ({**SOURCES, "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}, "127.0.0.1"),
    ],
    ids=["nothing set", "no database named", "an empty database", "a database that is not there"],
)
@pytest.mark.parametrize("service", SERVICES)
def test_check_says_what_is_missing(command, service, env, named):
    code, said = command(service, "check", **env)

    assert code == 1
    assert named in said
    assert "Traceback" not in said


def test_the_portal_says_what_is_missing(command):
    for env, named in (({}, "CATALOG_URL"), (SOURCES, "keys/portal.json")):
        code, said = command("portal", "check", **env)
        assert code == 1
        assert named in said
        assert "Traceback" not in said


def test_check_names_the_key_that_is_missing(command):
    env = {**SOURCES, "DATABASE_URL": "sqlite:///own.db"}
    command("orders", "migrate", **env)
    code, said = command("orders", "check", **env)

    assert code == 1
    assert "keys/orders.json" in said
    assert "Traceback" not in said


def test_check_says_whose_key_nobody_would_believe(command, keys, tmp_path):
    env = {**SOURCES, "DATABASE_URL": "sqlite:///own.db", "SIGNING_KEY_FILE": str(keys / "orders.json")}
    command("orders", "migrate", **env)
    others = local_keys.write(
        {"orders": {"with_account": [], "without_account": [], "audiences": []}}, tmp_path / "others"
    )
    (tmp_path / "empty").mkdir()

    assert command("orders", "check", **env, TRUST_DIR=str(keys / "trust")) == (0, "ok\n")
    unfit = {tmp_path / "empty": "holds no public keys", others: "does not hold the public key to"}
    for trust, named in unfit.items():
        code, said = command("orders", "check", **env, TRUST_DIR=str(trust))
        assert code == 1
        assert f"TRUST_DIR {trust} {named}" in said
        assert "Traceback" not in said


def test_what_is_set_to_nonsense_is_named(command):
    code, said = command("orders", "check", **SOURCES, PORT="many")

    assert code == 1
    assert "PORT" in said
    assert "Traceback" not in said
