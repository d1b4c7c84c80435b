"""A release is recorded once, as its commit is; changelogs, versions and records agree."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from releases import __main__ as commands
from releases import calls, changelog, judge, sources
from releases.describe import source_of, version_in
from releases.records import FOLDER, KIT, UNITS, Shelf, from_json, to_json

ALL = (*UNITS, KIT)
SHELF = Shelf()


@pytest.mark.parametrize("unit", ALL)
def test_the_version_of_a_unit_is_the_newest_of_its_changelog(unit):
    entries = changelog.entries(sources.REPOSITORY, unit)
    headings = [
        line for line in changelog.path(sources.REPOSITORY, unit).read_text().splitlines() if line[:3] == "## "
    ]

    assert entries[0].version == version_in(sources.REPOSITORY, unit)
    assert len(entries) == len(headings), "a heading is ## [1.4.0] - 2026-11-23, or - Unreleased"


@pytest.mark.parametrize("unit", ALL)
def test_a_version_with_a_date_is_recorded_and_one_without_is_not(unit):
    entries = changelog.entries(sources.REPOSITORY, unit)
    dated = [entry.version for entry in entries if entry.released != changelog.UNRELEASED]

    assert dated == list(reversed(SHELF.versions(unit)))
    assert changelog.UNRELEASED not in [entry.released for entry in entries[1:]]


@pytest.mark.parametrize("unit", ALL)
def test_a_record_says_what_its_commit_is(unit, latest, source):
    record = latest[unit]

    assert sources.describe(source(unit).tree, unit, record.commit) == record
    assert from_json(json.loads(to_json(record))) == record


@pytest.mark.parametrize("unit", ALL)
def test_code_that_differs_from_what_was_recorded_has_another_version(unit, latest):
    source = str(source_of(sources.REPOSITORY, unit))
    command = ["git", "diff", "--quiet", latest[unit].commit, "--", source]
    differs = subprocess.run(command, cwd=sources.REPOSITORY, check=False).returncode != 0

    assert not differs or version_in(sources.REPOSITORY, unit) != latest[unit].version, (
        "open the next version in pyproject.toml, CHANGELOG.md and uv.lock (`uv lock`)"
    )


def test_every_environment_has_recorded_versions_alone():
    assert all(SHELF.deployed(environment) for environment in SHELF.environments())


def test_what_stands_here_could_be_deployed_one_unit_after_the_other(head):
    for environment in SHELF.environments():
        assert judge.in_order(list(head.values()), SHELF.deployed(environment))[1] == []


@pytest.mark.parametrize("unit", UNITS)
def test_what_stands_here_understands_itself(unit, head):
    assert judge.reasons(head[unit], {other: [head[other]] for other in UNITS}) == []


@pytest.mark.parametrize(
    ("unit", "files"), [("portal", "portal/clients/*.py"), ("notifier", "notifier/links.py")]
)
def test_every_path_that_is_called_is_found(unit, files):
    folder = source_of(sources.REPOSITORY, unit)
    paths = {call.operation.partition(" ")[2] for call in calls.of(folder / unit)}
    lines = [line for file in folder.glob(files) for line in file.read_text().splitlines()]
    said = [line for line in lines if ("self.api." in line or "self.client.get" in line) and "(" in line]

    assert len(list(calls.of(folder / unit))) == len(said)
    assert all(path.startswith("/v1/") and "self" not in path for path in paths)


# The commands, in a clone


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Iterator[Path]:
    """The repository, to commit in; records go there."""
    tree = tmp_path / "clone"
    git(sources.REPOSITORY, "clone", "--quiet", "--shared", ".", str(tree))
    for unit in ALL:  # what is not committed yet counts as if it were
        file = changelog.path(tree, unit)
        file.write_text(changelog.path(sources.REPOSITORY, unit).read_text())
    monkeypatch.setattr(sources, "REPOSITORY", tree)
    monkeypatch.setattr(commands, "shelf", Shelf(tree / FOLDER.relative_to(FOLDER.parents[1])))
    return tree


def git(tree: Path, *arguments: str) -> None:
    names = ("-c", "user.name=Tests", "-c", "user.email=tests@localhost")
    subprocess.run(["git", *names, *arguments], cwd=tree, check=True, capture_output=True)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(commands.main, arguments)
    return done.exit_code, done.output + str(done.exception or "")


def opens(tree: Path, unit: str, version: str) -> None:
    """Commit the next version of the unit."""
    project = source_of(tree, unit).parent / "pyproject.toml"
    before = version_in(tree, unit)
    project.write_text(project.read_text().replace(f'version = "{before}"', f'version = "{version}"'))
    file = changelog.path(tree, unit)
    entry = f"## [{version}] - Unreleased\n\n### Added\n\n* More.\n\n## [{before}]"
    file.write_text(file.read_text().replace(f"## [{before}]", entry, 1))
    git(tree, "commit", "--quiet", "--all", "--message", f"{unit} {version}")


def test_a_release_is_recorded_asked_about_and_deployed(clone):
    opens(clone, "catalog", "9.1.0")
    code, said = run("can-i-deploy", "catalog", "9.1.0", "production")
    assert (code, "catalog 9.1.0 is not recorded" in said) == (1, True)

    code, said = run("record", "catalog")
    assert (code, "catalog 9.1.0 is " in said) == (0, True), said
    assert changelog.entries(clone, "catalog")[0].released != changelog.UNRELEASED
    kept = clone / "contracts" / "golden" / "catalog" / "9.1.0"
    assert {path.name for path in kept.iterdir()} == {"plan.published.jsonl", "plan.retired.jsonl"}
    code, said = run("can-i-deploy", "catalog", "9.1.0", "production")
    assert (code, said.startswith("yes: catalog 9.1.0 can go to production, where there is")) == (0, True), said

    assert run("deployed", "catalog", "9.1.0", "production") == (0, "")
    assert str(commands.shelf.deployed("production")["catalog"][-1]) == "catalog 9.1.0"
    code, said = run("record", "catalog")
    assert (code, "a release never changes" in said) == (1, True)


def test_a_reason_is_a_line_and_the_exit_code_is_one(clone):
    release = commands.shelf.latest("orders")._replace(version="9.1.0", announces={})
    commands.shelf.add(release)
    code, said = run("can-i-deploy", "orders", "9.1.0", "production")

    assert code == 1
    assert "entitlements 0.1.0 waits for order.paid, which orders 9.1.0 no longer announces\n" in said


def test_a_contract_that_breaks_somebody_is_told_and_the_exit_code_is_one(clone):
    code, said = run("contracts")
    assert (code, "none of them breaks" in said) == (0, True), said

    file = clone / "contracts" / "events" / "order.paid.json"
    contract = json.loads(file.read_text())
    contract["schema"]["required"].remove("term")
    file.write_text(json.dumps(contract))
    code, said = run("contracts")
    assert code == 1
    assert "orders: order.paid\n  term was object; is object, not always there\n" in said
    assert "BREAKS: entitlements 0.1.0 cannot read order.paid of orders" in said


def test_an_environment_that_nobody_knows_is_no_yes_and_begins_with_a_deployment(clone):
    code, said = run("can-i-deploy", "orders", "0.1.0", "stagin")
    assert (code, said) == (1, "nothing was ever deployed to stagin, only to production")

    assert run("deployed", "orders", "0.1.0", "staging") == (0, "")
    assert run("can-i-deploy", "catalog", "0.1.0", "staging")[0] == 0


def test_a_version_that_the_changelog_does_not_begin_with_is_not_recorded(clone):
    opens(clone, "catalog", "9.1.0")
    file = changelog.path(clone, "catalog")
    file.write_text(file.read_text().replace("[9.1.0]", "[9.2.0]"))
    git(clone, "commit", "--quiet", "--all", "--message", "Another heading")

    assert "does not begin with 9.1.0" in run("record", "catalog")[1]


def test_a_release_whose_migration_comes_too_early_is_not_recorded(clone):
    folder = source_of(clone, "catalog") / "catalog" / "migrations"
    (folder / "0099_no_versions.py").write_text(
        'def up(migrator, db):\n    db.execute_sql("DROP TABLE plan_versions")\n'
    )
    git(clone, "add", "--all")
    opens(clone, "catalog", "9.1.0")

    code, said = run("record", "catalog")
    assert (code, "catalog 0099_no_versions drops the table plan_versions: it must say" in said) == (1, True), (
        said
    )
