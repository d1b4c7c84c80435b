"""python -m orders web | worker | migrate | check | verify | streams | rewind | subscriptions"""

from collections.abc import Callable
from uuid import UUID

import click

from kit import cli
from orders import commands, domain, queries, settings
from orders.app import create_app
from orders.handlers import HANDLERS
from orders.worker import jobs

main = cli.service(
    settings.read, create_app, HANDLERS, jobs, differences=queries.differences, require=settings.require
)


@main.group()
def subscriptions() -> None:
    """Say that a subscription is in grace, suspended or restored; list those that are not active."""
    cli.as_operator()


@subscriptions.command("list")
@click.argument("account", required=False, type=click.UUID)
def list_(account: UUID | None) -> None:
    """All of ACCOUNT, or of everybody those in grace or suspended."""
    for one in queries.standings(str(account) if account else None):
        click.echo(f"{one.account_id} {one.interval}: {one.status}, paid until {one.term_end}")


def _turning(command: Callable[[str, str, str], None], *reasons: str) -> click.Command:
    @click.argument("account", type=click.UUID)
    @click.argument("interval", type=click.Choice(tuple(domain.MONTHS)))
    @click.option("--reason", required=True, type=click.Choice(reasons), help="It is told to the account.")
    @cli.plainly()
    def turn(account: UUID, interval: str, reason: str) -> None:
        command(str(account), interval, reason)
        click.echo(f"{account} {interval}: done")

    return click.command(help=command.__doc__)(turn)


subscriptions.add_command(_turning(commands.lapse_subscription, *domain.AGAINST), "lapse")
subscriptions.add_command(_turning(commands.suspend_subscription, *domain.AGAINST), "suspend")
subscriptions.add_command(_turning(commands.restore_subscription, *domain.IN_FAVOR), "restore")


if __name__ == "__main__":
    main()
