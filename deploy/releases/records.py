"""Releases and environments as files: deploy/releases/<unit>/<version>.json, environments/<name>.json.

A record is written once, with what its commit says; whether a release may be deployed is answered from records
alone, without the history of the repository.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from releases.steps import Applied, Step

FOLDER = Path(__file__).parent
SERVICES = ("catalog", "orders", "entitlements", "notifier")
UNITS = (*SERVICES, "portal")
KIT = "kit"
HEAD = "head"
EVERYBODY = "everybody"


class Impossible(Exception):
    """What was asked for cannot be done; the sentence says why."""


class Release(NamedTuple):
    """One version of a unit.

    `announces`: type → {must, data: shape}. `reads`: source → type → shape of the view ("*": all others).
    `serves`: operation → {lets_in: grants; takes, asks, answers: shapes}. `calls`: service → operation → the
    same, as the caller knew them, and `sends`, `asked`: the names that it gives. `uses`: table → columns.
    `migrations` of the kit and its own, in order, as "kit 0001_initial".
    """

    unit: str
    version: str
    kit: str = ""
    commit: str = ""
    announces: dict[str, Any] = {}  # noqa: RUF012  a record is read, never changed
    reads: dict[str, Any] = {}  # noqa: RUF012
    serves: dict[str, Any] = {}  # noqa: RUF012
    calls: dict[str, Any] = {}  # noqa: RUF012
    uses: dict[str, list[str]] = {}  # noqa: RUF012
    migrations: tuple[Applied, ...] = ()

    def __str__(self) -> str:
        return f"{self.unit} {self.version}"

    def revision(self) -> str:
        """The schema that it needs: its last migrations."""
        last = {name.partition(" ")[0]: name.partition(" ")[2] for name, *_ in self.migrations}
        return ", ".join(f"{owner} {name}" for owner, name in last.items())


def numbers(version: str) -> tuple[int, ...]:
    """To compare versions by: 1.10.0 comes after 1.9.0."""
    return tuple(int(part) for part in version.split("."))


def from_json(told: dict[str, Any]) -> Release:
    migrations = (
        Applied(
            one["name"], tuple(Step(*step) for step in one.get("takes_away", ())), one.get("unused_since", "")
        )
        for one in told["migrations"]
    )
    return Release(**{**told, "migrations": tuple(migrations)})


def to_json(release: Release) -> str:
    migrations = [
        {"name": name} | ({"takes_away": steps, "unused_since": since} if steps else {})
        for name, steps, since in release.migrations
    ]
    return _written({**release._asdict(), "migrations": migrations}, 3) + "\n"


def _written(value: Any, levels: int, indent: str = "\n") -> str:
    """JSON that people can read: each entry of the upper levels on a line of its own."""
    inner = indent + " "
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return f"[{inner}{f',{inner}'.join(_written(one, 0) for one in value)}{indent}]"
    if not value or not levels or not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    lines = (f"{json.dumps(name)}: {_written(one, levels - 1, inner)}" for name, one in value.items())
    return f"{{{inner}{f',{inner}'.join(lines)}{indent}}}"


class Shelf:
    """The records in a folder."""

    def __init__(self, folder: Path = FOLDER):
        self.folder = folder

    def path(self, unit: str, version: str) -> Path:
        return self.folder / unit / f"{version}.json"

    def versions(self, unit: str) -> list[str]:
        """Oldest first."""
        return sorted((path.stem for path in (self.folder / unit).glob("*.json")), key=numbers)

    def release(self, unit: str, version: str) -> Release:
        """Impossible when it is not recorded."""
        path = self.path(unit, version)
        if not path.exists():
            raise Impossible(
                f"{unit} {version} is not recorded: `make release UNIT={unit}` records what is committed"
            )
        return from_json(json.loads(path.read_text()))

    def latest(self, unit: str) -> Release:
        """Impossible when none is recorded."""
        versions = self.versions(unit)
        if not versions:
            raise Impossible(f"no release of {unit} is recorded: `make release UNIT={unit}`")
        return self.release(unit, versions[-1])

    def add(self, release: Release) -> Path:
        """Returns the new file; Impossible when that version is recorded already."""
        path = self.path(release.unit, release.version)
        if path.exists():
            raise Impossible(f"{release} is recorded, and a release never changes: open the next version")
        path.parent.mkdir(exist_ok=True)
        path.write_text(to_json(release))
        return path

    # Environments

    def deployed(self, environment: str) -> dict[str, list[Release]]:
        """Unit → what was ever deployed there, in that order; the last one runs there now.

        Impossible when nothing ever was.
        """
        if environment not in (known := list(self.environments())):
            raise Impossible(
                f"nothing was ever deployed to {environment}, only to {' and '.join(known) or 'none'}"
            )
        return {
            unit: [self.release(unit, version) for version in versions]
            for unit, versions in self._read(environment).items()
        }

    def deploy(self, release: Release, environment: str) -> None:
        """Write down that it runs there from now on."""
        there = self._read(environment)
        versions = there.setdefault(release.unit, [])
        if versions[-1:] != [release.version]:
            versions.append(release.version)
        lines = ",\n".join(f'  "{unit}": {json.dumps(there[unit])}' for unit in UNITS if unit in there)
        self._environment(environment).parent.mkdir(exist_ok=True)
        self._environment(environment).write_text(f"{{\n{lines}\n}}\n")

    def environments(self) -> Iterator[str]:
        return (path.stem for path in sorted((self.folder / "environments").glob("*.json")))

    def _environment(self, name: str) -> Path:
        return self.folder / "environments" / f"{name}.json"

    def _read(self, name: str) -> dict[str, list[str]]:
        path = self._environment(name)
        found: dict[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}
        return found
