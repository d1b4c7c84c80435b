"""python -m notifier web | worker | migrate | check | streams | rewind | notices"""

from uuid import UUID

import click

from kit import cli
from notifier import commands, domain, queries, settings
from notifier.app import create_app
from notifier.handlers import HANDLERS, of_products
from notifier.worker import jobs

handlers = {**HANDLERS, **of_products(settings.products())}
main = cli.service(
    settings.read,
    create_app,
    handlers,
    jobs,
    undo=commands.undo_activity,
    require=settings.require,
    probe=settings.probe,
)


@main.group()
def notices() -> None:
    """Mails that failed: list them, send them again."""
    cli.as_operator()


@notices.command("list")
@click.option("--failed/--waiting", default=True, help="Those that failed, or those that wait for a retry.")
@click.option("--cause", help="Only those of this cause, like smtp-550-5.1.1.")
def list_(failed: bool, cause: str | None) -> None:
    """The newest 500, with account, cause and the server's words."""
    states = domain.RESENDABLE if failed else (domain.QUEUED,)
    for one in queries.troubled_notices(states, cause=cause, limit=500)["items"]:
        click.echo(f"{one.id} {one.account} {one.kind} {one.state} {one.cause}: {one.reason}")


@notices.command()
@click.argument("notice", required=False, type=click.UUID)
@click.option("--cause", help="All that failed for this cause, at most 500 at once.")
@cli.plainly()
def resend(notice: UUID | None, cause: str | None) -> None:
    """Send NOTICE again, or all that failed for one cause."""
    if (notice is None) == (cause is None):
        raise click.UsageError("name either a notice or a --cause")
    if notice is not None:
        commands.queue_failed_notice(str(notice))
    click.echo(f"queued: {1 if cause is None else commands.queue_failed_notices(cause)}")


if __name__ == "__main__":
    main()
