"""The bootstrap knows at once that nothing has to be done, and says in one line what is missing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import bootstrap, running, system


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    for name in ("uv.lock", "pyproject.toml"):
        shutil.copy(running.REPOSITORY / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    (tmp_path / ".venv" / "ready").write_text(bootstrap.fingerprint(tmp_path))
    return tmp_path


def test_what_is_installed_is_not_installed_again(installed):
    assert bootstrap.is_ready(installed)


@pytest.mark.parametrize("changed", ["uv.lock", "pyproject.toml", "kit/pyproject.toml"])
def test_a_changed_lock_or_project_is_installed(installed, changed):
    (installed / changed).parent.mkdir(exist_ok=True)
    with (installed / changed).open("a") as file:
        file.write("\n# changed")

    assert not bootstrap.is_ready(installed)


def test_a_removed_environment_is_made_again(installed):
    shutil.rmtree(installed / ".venv")

    assert not bootstrap.is_ready(installed)


def test_the_pinned_tool_is_pinned_by_hash():
    assert "==" in bootstrap.PIN.read_text()
    assert "--hash=sha256:" in bootstrap.PIN.read_text()


@pytest.mark.parametrize("module", ["bootstrap", "system", "running", "ports"])
def test_what_runs_first_needs_nothing_but_python(module):
    """-S leaves out site-packages: only the standard library is there."""
    env = {"PYTHONPATH": str(running.REPOSITORY / "deploy")}
    done = subprocess.run([sys.executable, "-S", "-c", f"import local.{module}"], env=env, check=False)

    assert done.returncode == 0


def test_without_root_and_without_a_terminal_nothing_is_installed_but_the_command_is_said(monkeypatch):
    said: list[str] = []
    missing = system.Program("delivering events", lambda: None, ("rabbitmq-server",), "RabbitMQ")
    monkeypatch.setitem(system.PROGRAMS, "rabbitmq", missing)
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system, "_has_apt", lambda: True)
    monkeypatch.setattr(system.sys.stdin, "isatty", lambda: False, raising=False)

    assert system.ensure("rabbitmq", say=said.append) == ["rabbitmq"]
    assert said == ["missing for delivering events: sudo apt-get install rabbitmq-server"]
