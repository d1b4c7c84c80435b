"""python -m entitlements web | worker | migrate | check | streams | verify"""

import sys

import click

from entitlements import queries, settings
from entitlements.app import create_app
from entitlements.handlers import HANDLERS
from entitlements.worker import JOBS
from kit import cli, db

SETTINGS = settings.read()
main = cli.service(SETTINGS, lambda: create_app(SETTINGS), HANDLERS, JOBS)


@main.command()
def verify() -> None:
    """Recompute pools and holders from the rows and from the log; name every difference."""
    with db.database.connection_context():
        found = list(queries.differences())
    for difference in found:
        click.echo(difference)
    if found:
        sys.exit(1)
    click.echo("pools, licenses, assignments and log agree")


if __name__ == "__main__":
    main()
