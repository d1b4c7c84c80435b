"""What owner, app and read of a service may do on a real PostgreSQL server."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest

from compose import credentials
from local import ports, running
from local.postgres import Postgres, binaries

pytestmark = pytest.mark.slow

ROLES = running.REPOSITORY / "deploy" / "postgres" / "roles.sql"
Connect = Callable[..., Any]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("secrets")
    credentials.make(directory)
    return directory


@pytest.fixture(scope="module")
def server(secrets: Path) -> Iterator[Postgres]:
    """With orders migrated by its owner, and the roles made before and after that: they may be made again."""
    made = Postgres(Path(tempfile.mkdtemp(prefix="seatwise-postgres-")))
    made.start()
    script = (secrets / "postgres.sql").read_text().replace("/etc/seatwise/roles.sql", str(ROLES))
    psql(made, script)
    assert orders(made, secrets, "owner", "migrate").stdout.count("applied") >= 2
    psql(
        made, "\\connect orders\nCREATE TABLE restored (id serial); ALTER TABLE restored OWNER TO orders_owner"
    )
    psql(made, script)
    yield made
    made.stop()


def psql(server: Postgres, script: str) -> None:
    bin_ = binaries()
    assert bin_
    place = ["-h", ports.HOST, "-p", str(server.port), "-U", "seatwise", "-d", "postgres"]
    command = [str(bin_ / "psql"), *place, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"]
    subprocess.run(command, input=script, text=True, check=True, capture_output=True)


def url(server: Postgres, role: str) -> str:
    return f"postgresql://orders_{role}@{ports.HOST}:{server.port}/orders"


def orders(server: Postgres, secrets: Path, role: str, verb: str) -> subprocess.CompletedProcess[str]:
    """python -m orders with that role's rights."""
    sources = {"CATALOG_URL": "http://catalog", "ENTITLEMENTS_URL": "http://entitlements"}
    keys = {
        "TRUST_DIR": str(secrets / "keys" / "trust"),
        "SIGNING_KEY_FILE": str(secrets / "keys" / "orders.json"),
    }
    env = {**os.environ, **sources, **keys, "DATABASE_URL": url(server, role)}
    command = [sys.executable, "-m", "orders", verb]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def connect(server: Postgres) -> Iterator[Connect]:
    """connect("app") → a cursor; each statement is its own transaction."""
    opened = []

    def connect(role: str, service: str = "orders", database: str = "orders") -> Any:
        user = f"{service}_{role}"
        opened.append(psycopg2.connect(host=ports.HOST, port=server.port, user=user, dbname=database))
        opened[-1].autocommit = True
        return opened[-1].cursor()

    yield connect
    for connection in opened:
        connection.close()


def test_app_changes_rows_in_every_table_of_its_service(connect):
    app = connect("app")
    app.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    tables = [name for (name,) in app.fetchall()]

    assert len(tables) > 10
    for table in tables:
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            app.execute("SELECT has_table_privilege(%s, %s)", (table, right))
            assert app.fetchone() == (True,), f"{right} {table}"


@pytest.mark.parametrize("role", ["app", "read"])
def test_app_and_read_see_whether_the_schema_is_right(server, secrets, role):
    said = orders(server, secrets, role, "check")

    assert (said.stdout, said.stderr) == ("ok\n", "")


def test_app_does_not_migrate(server, secrets, connect):
    connect("owner").execute("DELETE FROM migrations")
    refused = orders(server, secrets, "app", "migrate")
    connect("owner").execute("INSERT INTO migrations (name, applied) VALUES ('0001_initial', now())")

    assert refused.returncode
    assert "InsufficientPrivilege" in refused.stderr


DENIED_TO_APP = (
    "CREATE TABLE extra (a int)",
    "CREATE TEMPORARY TABLE extra (a int)",
    "CREATE SCHEMA extra",
    "CREATE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE outbox ADD COLUMN extra int",
    "DROP TABLE outbox",
    "TRUNCATE outbox",
    "CREATE INDEX ON outbox (id)",
    "SET ROLE orders_owner",
    "GRANT orders_owner TO orders_app",
    "CREATE ROLE extra",
    "CREATE DATABASE extra",
    "ALTER ROLE orders_app SUPERUSER",
    "COPY outbox TO PROGRAM 'cat'",
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'kept where nobody looks')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT setval('outbox_id_seq', 1)",
    "ALTER SEQUENCE outbox_id_seq RESTART",
    "CREATE EXTENSION pgcrypto",
    "ALTER DATABASE orders SET search_path = extra",
    "SELECT * FROM pg_authid",
)


@pytest.mark.parametrize("statement", DENIED_TO_APP)
@pytest.mark.parametrize("role", ["app", "read"])
def test_neither_app_nor_read_may(connect, role, statement):
    with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ReadOnlySqlTransaction)):
        connect(role).execute(statement)


@pytest.mark.parametrize("statement", ["DELETE FROM outbox", "UPDATE outbox SET id = id"])
def test_read_looks_and_changes_nothing_even_when_it_says_it_would(connect, statement):
    read = connect("read")
    read.execute("SELECT count(*) FROM outbox")
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        read.execute(statement)
    read.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        read.execute(statement)


def test_app_and_read_have_their_rights_on_what_was_there_before_them(connect):
    connect("app").execute("INSERT INTO restored DEFAULT VALUES")
    read = connect("read")
    read.execute("SELECT * FROM restored")
    assert read.fetchall() == [(1,)]


def test_app_and_read_have_their_rights_on_what_a_later_migration_makes(connect):
    connect("owner").execute("CREATE TABLE later (id serial PRIMARY KEY)")
    connect("app").execute("INSERT INTO later DEFAULT VALUES")
    read = connect("read")
    read.execute("SELECT * FROM later")
    assert read.fetchall() == [(1,)]
    connect("owner").execute("DROP TABLE later")


@pytest.mark.parametrize("role", credentials.ROLES)
@pytest.mark.parametrize("database", ["catalog", "entitlements", "notifier", "postgres", "template1"])
def test_no_role_of_a_service_gets_into_another_database(connect, role, database):
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        connect(role, database=database)


def test_the_roles_get_the_passwords_of_the_files(secrets):
    for role in credentials.ROLES:
        stated = (secrets / f"orders-{role}.env").read_text().strip().removeprefix("DATABASE_URL=")
        assert f"\\set {role}_password {urlsplit(stated).password}\n" in (secrets / "postgres.sql").read_text()
