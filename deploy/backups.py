"""Save the database of a service to a file, and bring it back: python -m backups save|restore FILE

SQLite is copied page by page, PostgreSQL by its own pg_dump and pg_restore. The service may go on while it is
saved and must be stopped while it is restored. DATABASE_URL, in the environment, is that of the
role that owns the tables.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import peewee
from playhouse import db_url

from local import postgres

HISTORY = "kit_migrations"  # a table of every service
# Not by pg_restore's --clean: that leaves what migrations made since, and cannot drop what it refers to.
EMPTY = """DO $$ BEGIN EXECUTE (
  SELECT coalesce(string_agg(format('DROP TABLE %s CASCADE', oid::regclass), '; '), 'SELECT 1')
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'); END $$"""
TOLD = """restored. Before its processes are started again:
  empty the inboxes of its readers, what waits there may be undone (rabbitmqctl purge_queue <reader>.inbox)
After that, once for each of its readers:
  python -m <reader> rewind --source <service> --restored-at {at}"""


def save(url: str, file: Path) -> None:
    """One consistent moment of the database; an older backup stays until the new one is whole.

    OSError or sqlite3.Error when that cannot be had.
    """
    with TemporaryDirectory(dir=file.parent) as beside:
        made = Path(beside) / file.name
        if url.startswith("sqlite:"):
            _copy(_place(url), made)
        else:
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={made}", url=url)
        made.replace(file)


def restore(url: str, file: Path) -> str:
    """All as it was when it was saved; returns the instant (RFC 3339, UTC) that its readers have to know.

    OSError or sqlite3.Error when it fails. The database is then as it was.
    """
    if not file.exists():
        raise FileNotFoundError(f"there is no {file}")
    if url.startswith("sqlite:"):
        _check(file, _tables_of_copy(file), _told_in(f"sqlite:///{file}"), url)
        _copy(file, _place(url))
    else:
        _check(file, _run("pg_restore", "--list", str(file)), _told_in_dump(file), url)
        with TemporaryDirectory() as directory:
            script = f"{directory}/script"
            _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(file))
            once = ("--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1")
            _run("psql", *once, f"--command={EMPTY}", f"--file={script}", url=url)
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _check(file: Path, tables: Collection[str], told: str, url: str) -> None:
    if HISTORY not in tables:
        raise OSError(f"{file} is no backup of a service")
    if told and (here := _told_in(url)) not in ("", told):
        raise OSError(f"{file} is a backup of {told}, and this is the database of {here}")


def _tables_of_copy(file: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{file}?mode=rw", uri=True)) as db:
        if (found := db.execute("PRAGMA quick_check(1)").fetchone()) != ("ok",):
            raise OSError(f"{file} is damaged: {' '.join(found[0].split())}")
        return [name for (name,) in db.execute("SELECT name FROM sqlite_master").fetchall()]


def _told_in(url: str) -> str:
    """Whose log the database holds; "" when nothing was said yet, or when it cannot be read."""
    database: Any = db_url.connect(url, unquote_user=True, unquote_password=True)
    with suppress(peewee.DatabaseError), database.connection_context():
        told = database.execute_sql("SELECT envelope FROM outbox LIMIT 1").fetchone()
        return str(json.loads(told[0])["source"]) if told else ""
    return ""


def _told_in_dump(file: Path) -> str:
    command = [_found("pg_restore"), "--data-only", "--table=outbox", "--file=-", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as dump:
        assert dump.stdout
        named = (found[1] for line in dump.stdout if (found := re.search(r'"source":"(\w+)"', line)))
        told = next(named, "")
        dump.kill()
    return told


def _place(url: str) -> Path:
    return Path(urlsplit(url).path[1:])


def _copy(source: Path, target: Path) -> None:
    if not source.exists():
        raise FileNotFoundError(f"there is no {source}")
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        written.execute("BEGIN IMMEDIATE")  # says so when somebody writes; the copy would wait for ever
        written.rollback()
        read.backup(written)


def _found(program: str) -> str:
    here = postgres.binaries()
    return str(here / program) if here else program


def _run(program: str, *arguments: str, url: str = "") -> str:
    """What it prints. The password goes by the environment: everybody on the machine sees a command."""
    command, env = (
        [_found(program), *arguments],
        {**os.environ, "PGOPTIONS": "-c lock_timeout=10s -c client_min_messages=warning"},
    )
    if url:
        address = urlsplit(url)
        user, at, place = address.netloc.rpartition("@")
        command.append(f"--dbname={address._replace(netloc=user.partition(':')[0] + at + place).geturl()}")
        env |= {"PGPASSWORD": unquote(address.password)} if address.password else {}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise OSError(f"{program} ended with exit code {done.returncode}")
    return done.stdout


@click.group(help=__doc__)
def main() -> None: ...


FILE = click.argument("file", type=click.Path(path_type=Path))


@main.command("save")
@FILE
def save_(file: Path) -> None:
    """One consistent moment of the database goes to FILE."""
    with _failing_in_words("save"):
        save(_database_url(), file)
    click.echo(f"saved to {file}")


@main.command("restore")
@FILE
def restore_(file: Path) -> None:
    """All becomes as it was when FILE was saved; says what its readers have to be told."""
    with _failing_in_words("restore"):
        click.echo(TOLD.format(at=restore(_database_url(), file)))


def _database_url() -> str:
    if url := os.environ.get("DATABASE_URL"):
        return url
    raise OSError("DATABASE_URL is not set")


@contextmanager
def _failing_in_words(verb: str) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        sys.exit(f"{verb} failed: {error}")


if __name__ == "__main__":
    main()
