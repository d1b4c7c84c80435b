"""The command that saves and restores says what it did and what to do next, and keeps passwords to itself."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import backups
from kit import clock, db, outbox
from kit.settings import name_service


def run(verb: str, url: str, file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, backups.__file__, verb, str(file)]
    env = {"PYTHONPATH": str(Path(backups.__file__).parent), "DATABASE_URL": url}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def package() -> str:
    return "catalog"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return tmp_path / "saved"


def tell(url: str, source: str = "catalog") -> None:
    """One event more."""
    name_service(source)
    opened: Any = db.connect(url)
    with opened.connection_context(), db.atomic():
        outbox.add(outbox.Event("plan.retired", "eco", {}))
    opened.close_all()


def sql(url: str, statement: str) -> list[tuple[Any, ...]]:
    opened: Any = db.connect(url)
    with opened.connection_context():
        cursor = opened.execute_sql(statement)
        found = cursor.fetchall() if cursor.description else []
    opened.close_all()
    return found


def events(url: str) -> int:
    [(count,)] = sql(url, "SELECT count(*) FROM outbox")
    return int(count)


def test_what_was_saved_comes_back_and_the_instant_for_the_readers_is_said(database_url, saved):
    tell(database_url)
    assert run("save", database_url, saved).returncode == 0
    tell(database_url)
    before = clock.now()
    done = run("restore", database_url, saved)

    assert (done.returncode, done.stderr) == (0, "")
    assert events(database_url) == 1
    assert before <= clock.from_text(done.stdout.split()[-1]) <= clock.now()


def test_what_a_migration_made_since_is_gone_and_can_be_made_again(database_url, saved):
    tell(database_url)
    assert run("save", database_url, saved).returncode == 0
    later = "CREATE TABLE later (plan text REFERENCES plans (code))"
    sql(database_url, later)
    done = run("restore", database_url, saved)
    sql(database_url, later)
    sql(database_url, "DROP TABLE later")

    assert (done.returncode, done.stderr) == (0, "")


def test_the_backup_of_another_service_is_refused_by_its_name(database_url, saved):
    tell(database_url, "orders")
    assert run("save", database_url, saved).returncode == 0
    sql(database_url, "DELETE FROM outbox")
    tell(database_url)
    done = run("restore", database_url, saved)

    assert (done.returncode, events(database_url)) == (1, 1)
    assert "is a backup of orders, and this is the database of catalog" in done.stderr


def cut(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 2 // 3])


def spoilt(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\x7f" * 40_000 + whole[48_192:])


@pytest.mark.parametrize(
    "damage", [cut, spoilt, lambda file: file.write_bytes(b""), lambda file: file.write_text("x" * 9999)]
)
def test_a_file_that_is_no_whole_backup_changes_nothing(database_url, saved, damage):
    tell(database_url)
    assert run("save", database_url, saved).returncode == 0
    tell(database_url)
    damage(saved)
    done = run("restore", database_url, saved)

    assert (done.returncode, events(database_url)) == (1, 2)
    assert done.stderr.splitlines()[-1].startswith("restore failed: ")


def test_a_database_that_somebody_writes_to_is_left_as_it_is(database_url, saved):
    tell(database_url)
    assert run("save", database_url, saved).returncode == 0
    tell(database_url)
    opened: Any = db.connect(database_url)
    with opened.connection_context(), db.atomic():
        opened.execute_sql("UPDATE outbox SET published_at = 1")
        done = run("restore", database_url, saved)
    opened.close_all()

    assert (done.returncode, events(database_url)) == (1, 2)
    assert "lock" in done.stderr


def test_a_save_that_fails_leaves_the_backup_before_it(database_url, saved):
    saved.write_text("the one before")
    nowhere = database_url.replace("test", "nowhere")
    done = run("save", nowhere, saved)

    assert (done.returncode, saved.read_text()) == (1, "the one before")
    assert list(saved.parent.glob("*aved*")) == [saved]


@pytest.mark.parametrize("verb", ["save", "restore"])
def test_a_database_or_a_backup_that_is_not_there_is_named_and_nothing_is_made(tmp_path, verb):
    database, file = tmp_path / "none.db", tmp_path / "none"
    missing = database if verb == "save" else file
    done = run(verb, f"sqlite:///{database}", file)

    assert (done.returncode, done.stderr) == (1, f"{verb} failed: there is no {missing}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_neither_in_a_command_nor_in_what_is_said(tmp_path, monkeypatch):
    commands = []

    def failing(command, env, **given):
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
