"""The source of a release: what its commit holds, and the environment of a process that runs it."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from releases import records
from releases.describe import source_of
from releases.records import KIT, Impossible, Release

REPOSITORY = records.FOLDER.parents[1]


def commit_of(revision: str) -> str:
    return _git("rev-parse", "--verify", f"{revision}^{{commit}}").decode().strip()


def unpack(commit: str, directory: Path) -> Path:
    """The whole repository as that commit has it."""
    with zipfile.ZipFile(io.BytesIO(_git("archive", "--format=zip", commit))) as archive:
        archive.extractall(directory)
    return directory


def path_to(tree: Path, unit: str) -> str:
    """PYTHONPATH of the unit and its kit, as that directory has them; it goes before what is installed."""
    return os.pathsep.join(str(source_of(tree, one)) for one in (unit, KIT))


def describe(tree: Path, unit: str, commit: str = "") -> Release:
    """What the source in the directory is; Impossible when that cannot be told."""
    return records.from_json(_asked("releases.describe", tree, unit))._replace(commit=commit)


def envelopes(tree: Path, unit: str) -> dict[str, list[str]]:
    """What the source in the directory announces, as it sends it, by type."""
    found: dict[str, list[str]] = _asked("releases.golden", tree, unit)
    return found


def _asked(module: str, tree: Path, unit: str) -> Any:
    """What the module says of the unit's code there, which it imports in a process of its own."""
    path = os.pathsep.join((path_to(tree, unit), str(records.FOLDER.parent)))
    done = subprocess.run(
        [sys.executable, "-m", module, str(tree), unit],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Impossible(f"{unit} in {tree} cannot be described: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout)


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, check=False)
    if done.returncode:
        raise Impossible(
            f"git {' '.join(arguments)}: {done.stderr.decode().strip()} (is the whole history there?)"
        )
    return done.stdout
