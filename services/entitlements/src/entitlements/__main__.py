"""python -m entitlements web | worker | migrate | check | verify | streams | rewind | retell"""

from uuid import UUID

import click

from entitlements import commands, queries, settings
from entitlements.app import create_app
from entitlements.handlers import HANDLERS
from entitlements.worker import jobs
from kit import cli

main = cli.service(
    settings.read, create_app, HANDLERS, jobs, differences=queries.differences, undo=commands.undo_statuses
)


@main.command()
@click.argument("accounts", nargs=-1, required=True, type=click.UUID)
@cli.plainly()
def retell(accounts: tuple[UUID, ...]) -> None:
    """After a restore of our database: tell again how ACCOUNTS stand, for those who copied what is undone."""
    cli.as_operator()
    for account in accounts:
        commands.retell_account(str(account))
        click.echo(f"{account}: told again")


if __name__ == "__main__":
    main()
