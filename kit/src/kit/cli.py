"""The command line of every service: python -m <service> web | worker | migrate | check | streams …"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click
import httpx
from flask import Flask
from gunicorn.app.base import BaseApplication

from kit import auth, cursors, db, logging, worker
from kit.settings import Settings


class Gunicorn(BaseApplication):
    """gunicorn with threads and without its control socket, which services of one user would share."""

    def __init__(self, app: Callable[[], Flask], settings: Settings):
        self.make_app = app
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        chosen = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "worker_class": "gthread",
            "threads": self.settings.threads,
            "control_socket_disable": True,
            "worker_tmp_dir": "/dev/shm",
            "graceful_timeout": 4,
            "keepalive": 15,
            "loglevel": "warning",
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self.make_app()


def service(
    settings: Settings,
    app: Callable[[], Flask],
    handlers: cursors.Handlers,
    jobs: Mapping[str, worker.Job],
) -> click.Group:
    """The commands that every service has; a service adds its own to the returned group."""
    name = settings.name

    @click.group(help=f"The {name} service. Settings come from the environment.")
    def group() -> None:
        logging.configure(settings.log_level)
        db.connect(settings.database_url)

    @group.command()
    def web() -> None:
        """Serve HTTP on HOST:PORT."""
        Gunicorn(app, settings).run()

    @group.command("worker")
    def run_worker() -> None:
        """Relay, consume, catch up and run jobs until told to stop."""
        sys.exit(worker.Worker(settings, handlers, jobs).run())

    @group.command()
    def migrate() -> None:
        """Bring the database to this release's schema; safe to start several times at once."""
        for applied in db.migrate(name):
            click.echo(f"applied {applied}")

    @group.command()
    def check() -> None:
        """Say whether this unit could start: its database, its schema, its keys."""
        with db.database.connection_context():
            pending = db.pending_migrations(name)
        if pending:
            raise click.ClickException(f"pending migrations: {', '.join(pending)}; run `migrate`")
        auth.Verifier(settings.trust_dir)
        auth.Signer(settings.signing_key_file)
        click.echo("ok")

    group.add_command(_streams(settings))
    return group


def _names_a_stream(command: Callable[..., None]) -> Callable[..., None]:
    return click.argument("source")(click.argument("subject")(command))


def _streams(settings: Settings) -> click.Group:
    @click.group(help="Streams that stopped: list them, let them try again, step over an event.")
    def streams() -> None: ...

    @streams.command("list")
    def list_() -> None:
        """Every stopped stream with its reason."""
        with db.database.connection_context():
            for cursor in cursors.stopped():
                click.echo(f"{cursor.source} {cursor.subject} after {cursor.sequence}: {cursor.stopped}")

    @streams.command()
    @_names_a_stream
    def show(source: str, subject: str) -> None:
        """The event at which the stream stopped."""
        click.echo(json.dumps(_next_event(settings, source, subject)[1], indent=2, ensure_ascii=False))

    @streams.command()
    @_names_a_stream
    def retry(source: str, subject: str) -> None:
        """Try the event again at once."""
        with db.database.connection_context(), db.atomic():
            _say(cursors.retry(source, subject), "It will be tried again.")

    @streams.command()
    @_names_a_stream
    @click.option("--reason", required=True, help="Why its effect is not wanted; it is logged.")
    def skip(source: str, subject: str, reason: str) -> None:
        """Step over the event."""
        event, _ = _next_event(settings, source, subject)
        with db.database.connection_context(), db.atomic():
            _say(cursors.skip(source, subject, event, reason), f"Skipped {event.type} {event.id}.")

    return streams


def _next_event(settings: Settings, source: str, subject: str) -> tuple[cursors.Arrived, dict[str, Any]]:
    with db.database.connection_context():
        cursor = cursors.Cursor.get_or_none(source=source, subject=subject)
    if cursor is None:
        raise click.ClickException("There is no such stream.")
    token = worker.events_token(auth.Signer(settings.signing_key_file))
    asked: dict[str, Any] = {"subject": subject, "after": cursor.sequence, "limit": 1}
    url, headers = f"{settings.source_urls[source]}/v1/events", {"Authorization": f"Bearer {token}"}
    answer = httpx.get(url, params=asked, headers=headers)
    items = answer.raise_for_status().json()["items"]
    if not items:
        raise click.ClickException(f"{source} has told nothing after {cursor.sequence}.")
    return cursors.parse_event(items[0]), items[0]


def _say(done: bool, text: str) -> None:
    if not done:
        raise click.ClickException("The stream has not stopped there; see `streams list`.")
    click.echo(text)
