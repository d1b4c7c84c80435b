"""The suite that runs in this repository's .run, if one does. Uses only the standard library."""

import fcntl
import json
import shutil
import sys
from pathlib import Path
from typing import IO, Any

REPOSITORY = Path(__file__).resolve().parents[2]
HOME = REPOSITORY / ".run"


class AlreadyRunning(Exception):
    """Another process runs a suite in that directory."""


def lock(directory: Path) -> IO[str]:
    """Claim the directory until the file is closed or the process ends; AlreadyRunning says who has it."""
    directory.mkdir(parents=True, exist_ok=True)
    file = (directory / "lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        known = described(directory)
        where = f": {known['urls']['portal']}, process {known['pid']}" if known else ", and is just starting"
        raise AlreadyRunning(f"Seatwise runs already in {directory}{where}. End that one first.") from None
    return file


def suite(directory: Path = HOME) -> dict[str, Any] | None:
    """What suite.json says, if its suite is alive and ready."""
    if not (directory / "lock").exists():
        return None
    try:
        lock(directory).close()
    except AlreadyRunning:
        return described(directory)
    return None


def described(directory: Path) -> dict[str, Any] | None:
    try:
        known: dict[str, Any] = json.loads((directory / "suite.json").read_text())
    except FileNotFoundError:
        return None
    return known


def forget(directory: Path = HOME) -> None:
    """Remove all data of a suite that does not run."""
    if directory.exists():
        with lock(directory):
            shutil.rmtree(directory)


if __name__ == "__main__":
    try:
        forget()
        print(f"{HOME} is forgotten; the next start begins anew.")
    except AlreadyRunning as running:
        sys.exit(str(running))
