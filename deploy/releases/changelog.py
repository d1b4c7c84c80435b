"""The changelog of a unit: `## [1.4.0] - 2026-11-23`, or `- Unreleased` before it is recorded."""

import re
from datetime import date
from pathlib import Path
from typing import NamedTuple

from releases.describe import source_of

HEADING = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - (Unreleased|\d{4}-\d\d-\d\d)$", re.M)
UNRELEASED = "Unreleased"


class Entry(NamedTuple):
    version: str
    released: str


def path(tree: Path, unit: str) -> Path:
    return source_of(tree, unit).parent / "CHANGELOG.md"


def entries(tree: Path, unit: str) -> list[Entry]:
    """Newest first."""
    return [Entry(*found) for found in HEADING.findall(path(tree, unit).read_text())]


def set_date(tree: Path, unit: str, version: str, day: date) -> None:
    """From now on the version is released."""
    file = path(tree, unit)
    file.write_text(file.read_text().replace(f"## [{version}] - {UNRELEASED}\n", f"## [{version}] - {day}\n"))
