"""Databases for tests: migrated and empty, once on SQLite and once on PostgreSQL.

PostgreSQL is used when TEST_POSTGRES_URL names a server where databases may be made.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import peewee
import pytest

from kit import db

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, package: str, tmp_path: Path) -> str:
    """A migrated, empty database of the service, once for each kind."""
    if request.param == "sqlite":
        shutil.copy(_sqlite_template(package), tmp_path / "test.db")
        return f"sqlite:///{tmp_path}/test.db"
    if not POSTGRES:
        pytest.skip("no PostgreSQL server: set TEST_POSTGRES_URL")
    return _emptied(_postgres_database(package))


@contextmanager
def _opened(url: str) -> Iterator[peewee.Database]:
    opened: Any = db.connect(url)
    with opened.connection_context():
        yield opened
    opened.close_all()


@cache
def _sqlite_template(package: str) -> Path:
    path = Path(tempfile.mkdtemp(prefix="seatwise-template-")) / f"{package}.db"
    db.connect(f"sqlite:///{path}")
    db.migrate(package)
    with _opened(f"sqlite:///{path}") as opened:
        opened.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def address(name: str) -> str:
    """Of another database of the same PostgreSQL server."""
    return urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()


@cache
def _postgres_database(package: str) -> str:
    name = f"test_{package}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with _opened(POSTGRES) as server:
        server.execute_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute_sql(f'CREATE DATABASE "{name}"')
    url = address(name)
    db.connect(url)
    db.migrate(package)
    return url


def _emptied(url: str) -> str:
    with _opened(url) as opened:
        tables = [f'"{table}"' for table in opened.get_tables() if not table.endswith("migrations")]
        opened.execute_sql(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
    return url
