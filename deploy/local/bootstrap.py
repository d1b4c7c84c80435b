"""Bring .venv up to the lock file: PYTHONPATH=deploy python3 -m local.bootstrap

Python's venv → the pinned uv in .tools → `uv sync --frozen`. Uses only the standard library. When nothing
changed since the last time it knows so from one small file.
"""

from __future__ import annotations  # older Pythons get far enough to be told that they are too old

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
OLDEST_PYTHON = (3, 11)
PIN = Path(__file__).with_name("uv.txt")


def fingerprint(repository: Path) -> str:
    """Of everything that decides what is in .venv."""
    inputs = [PIN, repository / "uv.lock", repository / "pyproject.toml"]
    inputs += sorted(repository.glob("*/pyproject.toml")) + sorted(repository.glob("*/*/pyproject.toml"))
    digest = hashlib.sha256(f"{sys.version}{repository}".encode())
    for path in inputs:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_ready(repository: Path) -> bool:
    stamp = repository / ".venv" / "ready"
    python = repository / ".venv" / "bin" / "python"
    return python.exists() and stamp.exists() and stamp.read_text() == fingerprint(repository)


def step(text: str, command: Sequence[object]) -> None:
    """One quiet line with its seconds; the command's own words only when it fails."""
    began = time.monotonic()
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    if done.returncode:
        sys.exit(f"{text}: failed\n{done.stdout}{done.stderr}".rstrip())
    print(f"{text}: {time.monotonic() - began:.1f} s", flush=True)


def install(repository: Path) -> None:
    from local import system

    tools = repository / ".tools"
    if not (tools / "bin" / "pip").exists():
        if system.ensure("venv"):
            sys.exit(1)
        step("making .tools, for the installer", [sys.executable, "-m", "venv", "--clear", tools])
    pip: list[str | Path] = [tools / "bin" / "python", "-m", "pip", "--quiet", "--no-input"]
    if not _has_pinned_uv(tools):
        checked = ["--require-hashes", "--only-binary", ":all:"]
        step("installing uv, pinned by hash", [*pip, "install", *checked, "-r", PIN])
    os.environ["UV_PROJECT_ENVIRONMENT"] = str(repository / ".venv")
    os.environ["UV_PYTHON_DOWNLOADS"] = "never"
    os.environ.pop("VIRTUAL_ENV", None)
    how = ["--quiet", "--frozen", "--compile-bytecode", "--python", sys.executable]
    step("installing what the lock file names into .venv", [tools / "bin" / "uv", "sync", *how])
    (repository / ".venv" / "ready").write_text(fingerprint(repository))


def _has_pinned_uv(tools: Path) -> bool:
    uv = tools / "bin" / "uv"
    if not uv.exists():
        return False
    said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False).stdout
    return f"uv=={said.split()[1]} " in PIN.read_text() if said else False


def main() -> None:
    if sys.version_info < OLDEST_PYTHON:
        found = f"{sys.executable} is {sys.version.split()[0]}"
        sys.exit(f"Python 3.11 or newer is needed; {found}. Try make PYTHON=python3.11")
    if is_ready(REPOSITORY):
        return
    with (REPOSITORY / "uv.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_ready(REPOSITORY):
            install(REPOSITORY)


if __name__ == "__main__":
    main()
