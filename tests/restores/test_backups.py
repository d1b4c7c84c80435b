"""The command that saves and restores says what it did and what to do next, and keeps passwords to itself."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

import backups
from kit import clock


def run(verb: str, database: Path, file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, backups.__file__, verb, str(file)]
    env = {"PYTHONPATH": str(Path(backups.__file__).parent), "DATABASE_URL": f"sqlite:///{database}"}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def rows(file: Path, *statements: str) -> list[tuple[int]]:
    with closing(sqlite3.connect(file)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
        return db.execute("SELECT x FROM t").fetchall()


def test_what_was_saved_comes_back_and_the_instant_for_the_readers_is_said(tmp_path):
    live, saved = tmp_path / "live.db", tmp_path / "saved"
    rows(live, "CREATE TABLE t (x)", "INSERT INTO t VALUES (1)")
    assert run("save", live, saved).returncode == 0
    rows(live, "INSERT INTO t VALUES (2)")
    before = clock.now()
    done = run("restore", live, saved)

    assert done.returncode == 0
    assert rows(live) == [(1,)]
    assert before <= clock.from_text(done.stdout.split()[-1]) <= clock.now()


@pytest.mark.parametrize("verb", ["save", "restore"])
def test_a_database_or_a_backup_that_is_not_there_is_named_and_nothing_is_made(tmp_path, verb):
    database, file = tmp_path / "none.db", tmp_path / "none"
    missing = database if verb == "save" else file
    done = run(verb, database, file)

    assert (done.returncode, done.stderr) == (1, f"{verb} failed: there is no {missing}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_neither_in_a_command_nor_in_what_is_said(tmp_path, monkeypatch):
    commands = []

    def failing(command, env, check):
        commands.append((command, env.get("PGPASSWORD")))
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", failing)
    url = "postgresql://orders_owner:s%40cret@db.example:5432/orders"
    monkeypatch.setenv("DATABASE_URL", url)
    done = CliRunner().invoke(backups.main, ["save", str(tmp_path / "file")])

    assert done.exit_code == 1
    [(command, password)] = commands
    assert password == "s@cret"
    assert "--dbname=postgresql://orders_owner@db.example:5432/orders" in command
    assert "cret" not in " ".join(command)
    assert "cret" not in done.output
