"""python -m catalog web | worker | migrate | check | streams | load-plans"""

import json
from importlib import resources
from pathlib import Path

import click

from catalog import commands, schemas, settings
from catalog.app import create_app
from catalog.handlers import HANDLERS
from catalog.worker import jobs
from kit import cli

main = cli.service(settings.read, create_app, HANDLERS, jobs)


@main.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load_plans(file: Path | None) -> None:
    """Publish the plans of a data file (the sample plans without one); unchanged plans stay as they are."""
    source = file or resources.files("catalog").joinpath("data/plans.json")
    cli.as_operator()
    for written in json.loads(source.read_text()):
        plan = schemas.Publication().load(written)
        version = commands.publish_plan(plan["code"], plan["rank"], schemas.PlanContent().dump(plan))
        click.echo(f"{plan['code']} version {version.version}")


if __name__ == "__main__":
    main()
