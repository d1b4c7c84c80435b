"""python -m releases record | can-i-deploy | contracts | deployed: what the targets of the Makefile call."""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from releases import changelog, changes, golden, judge, sources
from releases.records import HEAD, KIT, SERVICES, UNITS, Impossible, Release, Shelf

shelf = Shelf()
UNIT = click.argument("unit", type=click.Choice(UNITS))


@click.group(help="Releases of units, and where they are deployed. docs/releasing.md explains.")
def main() -> None: ...


@main.command()
@click.argument("unit", type=click.Choice((*UNITS, KIT)))
@click.option("--commit", default="HEAD", show_default=True)
def record(unit: str, commit: str) -> None:
    """Write down what a commit releases, under the version that its pyproject.toml has."""
    commit = sources.commit_of(commit)
    with tempfile.TemporaryDirectory() as folder:
        tree = sources.unpack(commit, Path(folder))
        release = sources.describe(tree, unit, commit)
        envelopes = sources.envelopes(tree, unit) if release.announces else {}
        newest = changelog.entries(tree, unit)[:1]
    if [entry.version for entry in newest] != [release.version]:
        raise Impossible(f"the changelog of {unit} does not begin with {release.version}")
    if unready := list(judge.unripe(release, recorded())):
        raise Impossible("\n".join(unready))
    path = shelf.add(release)
    if envelopes:
        golden.keep(envelopes, sources.REPOSITORY, unit, release.version)
    changelog.set_date(sources.REPOSITORY, unit, release.version, datetime.now(UTC).date())
    click.echo(f"{release} is {release.commit[:12]}, schema: {release.revision() or 'none'}")
    told = f", {golden.FOLDER / unit / release.version}" if envelopes else ""
    click.echo(f"commit {path.relative_to(sources.REPOSITORY)}{told} and the changelog")


def recorded() -> dict[str, list[Release]]:
    return {unit: [shelf.release(unit, one) for one in shelf.versions(unit)] for unit in (*UNITS, KIT)}


@main.command("can-i-deploy")
@UNIT
@click.argument("version")
@click.argument("environment")
def can_i_deploy(unit: str, version: str, environment: str) -> None:
    """Say whether that version may go there; `head` is what stands in the working tree."""
    release = _head(unit) if version == HEAD else shelf.release(unit, version)
    there = shelf.deployed(environment)
    found = judge.reasons(release, there)
    for reason in found:
        click.echo(reason)
    if not found:
        others = ", ".join(str(versions[-1]) for versions in there.values())
        click.echo(f"yes: {unit} {version} can go to {environment}, where there is {others}")
    sys.exit(bool(found))


@main.command()
def contracts() -> None:
    """Say what differs from the last release of each unit, and whom that breaks."""
    released = {unit: shelf.latest(unit) for unit in UNITS}
    others = list(released.values())
    found = [one for unit in SERVICES for one in changes.between(released[unit], _head(unit), others)]
    for change in found:
        click.echo(str(change))
    broken = sum(bool(change.breaks) for change in found)
    click.echo(f"{len(found)} of the contracts differ from the last release, {broken or 'none'} of them breaks")
    sys.exit(bool(broken))


def _head(unit: str) -> Release:
    return sources.describe(sources.REPOSITORY, unit)


@main.command()
@UNIT
@click.argument("version")
@click.argument("environment")
def deployed(unit: str, version: str, environment: str) -> None:
    """Write down that the version runs there from now on."""
    shelf.deploy(shelf.release(unit, version), environment)


if __name__ == "__main__":
    try:
        main()
    except Impossible as why:
        sys.exit(str(why))
