"""The command line of every service: python -m <service> web | worker | migrate | check | verify | streams …"""

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain

import click
import httpx
import peewee
from flask import Flask
from marshmallow import ValidationError

from kit import (
    auth,
    catchup,
    clock,
    context,
    cursors,
    db,
    heartbeat,
    logging,
    outbox,
    relay,
    rewind,
    streams,
    worker,
)
from kit.errors import Refusal
from kit.server import Gunicorn
from kit.settings import Settings


@contextmanager
def plainly() -> Iterator[None]:
    """What an operator can mend is said in a sentence instead of a traceback."""
    try:
        yield
    except (ValueError, OSError, Refusal, ValidationError, peewee.OperationalError, httpx.HTTPError) as error:
        raise click.ClickException(logging.without_passwords(str(error).strip())) from error


def service(
    read: Callable[[], Settings],
    app: Callable[[Settings], Flask],
    handlers: cursors.Handlers,
    jobs: Callable[[Settings], Mapping[str, worker.Job]],
    *,
    differences: Callable[[], Iterable[str]] = lambda: (),
    undo: rewind.Undo = lambda *_stream: (),
    require: Callable[[Settings], None] = lambda _settings: None,
    probe: Callable[[Settings], None] = lambda _settings: None,
) -> click.Group:
    """The commands that every service has; a service adds its own to the returned group.

    `require` raises ValueError for settings with which web and worker must not start; `check` asks it
    too, and `probe`, which raises ValueError when what the settings name does not answer as it should.

    `differences` says, a sentence each, where the service's rows are not what its log says; `undo` what
    took effect here of a stream after that sequence, which a restored source tells no longer.
    """

    @click.group(help="Settings come from the environment: see docs/operations.md.")
    @click.pass_context
    @plainly()
    def group(command: click.Context) -> None:
        settings = command.obj = read()
        logging.configure(settings.log_level)
        db.connect(settings.database_url)

    @group.command()
    @click.pass_obj
    def web(settings: Settings) -> None:
        """Serve HTTP on HOST:PORT."""
        with plainly():
            require(settings)
        Gunicorn(lambda: app(settings), settings, measure).run()

    @group.command("worker")
    @click.pass_obj
    def run_worker(settings: Settings) -> None:
        """Relay, consume, catch up and run jobs until told to stop."""
        with plainly():
            require(settings)
        sys.exit(worker.Worker(settings, handlers, jobs(settings)).run())

    @group.command()
    @click.pass_obj
    @plainly()
    def migrate(settings: Settings) -> None:
        """Bring the database to this release's schema; safe to start several times at once."""
        for applied in db.migrate(settings.name):
            click.echo(f"applied {applied}")

    @group.command()
    @click.pass_obj
    @plainly()
    def check(settings: Settings) -> None:
        """Say whether this unit could start: its settings, its database, its schema, its keys."""
        require(settings)
        with db.database.connection_context():
            if pending := db.pending_migrations(settings.name):
                raise click.ClickException(f"pending migrations: {', '.join(pending)}; run `migrate`")
        auth.check_keys(settings.trust_dir, settings.signing_key_file)
        probe(settings)
        click.echo("ok")

    @group.command()
    @plainly()
    def verify() -> None:
        """Recompute the rows from what was announced and name every difference."""
        named = ""
        with db.database.connection_context(), db.snapshot():
            for named in chain(outbox.differences(), cursors.differences(), differences()):
                click.echo(named)  # at once: of an envelope that is broken no more can be recomputed
        if not named:
            click.echo("rows and log agree")
        sys.exit(bool(named))

    if handlers:

        @group.command("rewind")
        @click.option("--source", required=True, type=click.Choice(list(handlers)))
        @click.option("--restored-at", required=True, help="After the backup, before it told anything new.")
        @click.pass_obj
        @plainly()
        def rewind_(settings: Settings, source: str, restored_at: str) -> None:
            """A source was restored from a backup: back to what it still tells, and on from there."""
            as_operator()
            look = catchup.CatchUp.of(settings, cursors.Reader(handlers))
            said = ""
            for said in rewind.rewind(look, source, clock.from_text(restored_at), undo):
                click.echo(said)  # at once: what is undone is said this one time, even if the source goes away
            if not said:
                click.echo("all that took effect here is still told")

    group.add_command(_streams(), "streams")
    return group


def measure() -> None:
    """Refresh the gauges that are read from the database, as far as it answers and has their tables."""
    with suppress(peewee.OperationalError, peewee.ProgrammingError), db.database.connection_context():
        relay.measure()
        cursors.measure()
        heartbeat.measure()


def as_operator() -> None:
    """Connected, and under the name of whoever sits at the command line."""
    click.get_current_context().with_resource(db.database.connection_context())
    context.act(context.Context(f"operator:{_whoever_sits_here()}", clock.new_id()))


def _whoever_sits_here() -> str:
    """Their name; in a container, which knows nobody unless it is told USER, the number of the user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _names_a_stream(command: Callable[..., None]) -> Callable[..., None]:
    return click.argument("source")(click.argument("subject")(command))


_names_an_event = click.option("--event-id", help="Only if the stream stands there; it may have moved on.")


def _streams() -> click.Group:
    @click.group(help="Streams that stopped: list them, let one try again, step over an event.")
    def group() -> None:
        as_operator()

    @group.command("list")
    def list_() -> None:
        """Every stopped stream with its reason."""
        for cursor in cursors.stopped():
            click.echo(f"{cursor.source} {cursor.subject} after {cursor.sequence}: {cursor.stopped}")

    @group.command()
    @_names_a_stream
    def show(source: str, subject: str) -> None:
        """The event at which the stream stopped."""
        [found] = [c.event for c in cursors.stopped() if (c.source, c.subject) == (source, subject)] or [None]
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))

    @group.command()
    @_names_a_stream
    @_names_an_event
    @click.option("--reason", default="mended", help="What was mended; it is kept.")
    def retry(**wanted: str | None) -> None:
        """Try the event again at once."""
        _act("retry", wanted)

    @group.command()
    @_names_a_stream
    @_names_an_event
    @click.option("--reason", required=True, help="Why its effect is not wanted; it is kept.")
    def skip(**wanted: str | None) -> None:
        """Step over the event."""
        _act("skip", wanted)

    return group


@plainly()
def _act(verb: str, wanted: Mapping[str, str | None]) -> None:
    """By the rules of POST /v1/stream-acts."""
    asked = streams.WantedAct().load({"act": verb, **wanted})
    done = streams.act(asked.pop("act"), **asked)
    click.echo(f"{verb}: {done.event_id}, because {done.reason}")
