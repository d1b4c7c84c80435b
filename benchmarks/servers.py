"""What benchmarks stand on: a private PostgreSQL that keeps what it commits, a private RabbitMQ node."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit import db
from local.postgres import Postgres
from local.rabbitmq import RabbitMQ


@contextmanager
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="seatwise-bench-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """As in production: a commit returns when it is on the disk."""
    server = Postgres(Path(tempfile.mkdtemp(prefix="seatwise-postgres-")), durable=True)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def rabbitmq() -> Iterator[RabbitMQ]:
    with directory() as home:
        node = RabbitMQ(home)
        try:
            node.start()
            yield node
        finally:
            node.stop()


def database(server: Postgres, package: str, name: str = "") -> str:
    """The url of a new database with the service's tables."""
    server.create_database(name or package)
    url = server.url(name or package)
    db.connect(url)
    db.migrate(package)
    return url
