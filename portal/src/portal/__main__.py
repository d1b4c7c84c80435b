"""python -m portal web | check | translations"""

import click

from kit import auth, cli, logging, server, smtp
from portal import catalogue, settings
from portal.app import create_app


@click.group(help="The portal. Settings come from the environment: see docs/operations.md.")
def main() -> None: ...


@main.command()
@cli.plainly()
def web() -> None:
    """Serve pages on HOST:PORT."""
    read = settings.read()
    logging.configure(read.unit.log_level)
    settings.require(read)
    server.Gunicorn(lambda: create_app(read), read.unit).run()


@main.command()
@cli.plainly()
def check() -> None:
    """Say whether the portal could start: its settings, its keys, its mail server."""
    read = settings.read()
    settings.require(read)
    auth.check_keys(read.unit.trust_dir, read.unit.signing_key_file)
    smtp.check(read.smtp_url, read.mail_from, mailbox_allowed=not read.https)
    click.echo("ok")


@main.command()
def translations() -> None:
    """Bring the French catalogue up to the strings in code and templates, and compile it."""
    for missing in catalogue.update():
        click.echo(f"lacks French: {missing}")


if __name__ == "__main__":
    main()
