"""Programs that do not come from the lock file: found on this machine, or installed by apt.

Uses only the standard library: it runs before anything is installed.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from ctypes.util import find_library
from pathlib import Path
from typing import NamedTuple

INSTALLER = Path(__file__).with_name("apt-install.sh")
SBIN = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"


class Program(NamedTuple):
    """What it is for, how it is found, and what to install where it is missing."""

    purpose: str
    find: Callable[[], str | Path | None]
    packages: tuple[str, ...]
    elsewhere: str


def _venv() -> str | None:
    done = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return sys.executable if done.returncode == 0 else None


def _rabbitmq() -> str | Path | None:
    """Debian's script itself: its wrapper in /usr/sbin changes user and directory."""
    script = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return script if script.exists() else shutil.which("rabbitmq-server", path=f"{SBIN}:/opt/homebrew/sbin")


def _postgresql() -> Path | None:
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)


def _chromium() -> str | None:
    """The browser, and the library without which playwright's driver does not start."""
    return shutil.which("chromium") if find_library("atomic") else None


def _docker() -> str | None:
    """The engine, and the rules of the network without which it starts no container."""
    return shutil.which("dockerd", path=SBIN) if shutil.which("iptables", path=SBIN) else None


PROGRAMS = {
    "venv": Program(
        "making the virtual environment", _venv, ("python3-venv",), "Python's venv module with pip"
    ),
    "rabbitmq": Program(
        "delivering events", _rabbitmq, ("rabbitmq-server",), "RabbitMQ (rabbitmq-server on the PATH)"
    ),
    "postgresql": Program("testing on PostgreSQL", _postgresql, ("postgresql",), "PostgreSQL's server"),
    "chromium": Program(
        "testing the pages", _chromium, ("chromium", "fonts-dejavu-core", "libatomic1"), "Chromium"
    ),
    "nginx": Program("testing the proxy", lambda: shutil.which("nginx", path=SBIN), ("nginx-light",), "nginx"),
    "docker": Program("testing the images", _docker, ("docker.io", "iptables"), "a Docker engine"),
    "mmdebstrap": Program(
        "making base images", lambda: shutil.which("mmdebstrap"), ("mmdebstrap",), "mmdebstrap (Debian alone)"
    ),
}


def find(name: str) -> Path | None:
    found = PROGRAMS[name].find()
    return Path(found) if found else None


def ensure(*names: str, say: Callable[[str], None] = print) -> list[str]:
    """Install what is missing if we may; returns the names that are still missing, each said in one line."""
    missing = [name for name in names if not find(name)]
    if missing:
        command = ["sh", str(INSTALLER), *(package for name in missing for package in PROGRAMS[name].packages)]
        if allowed := _as_root(command, missing, say):
            _install(allowed, missing, say)
    still = [name for name in missing if not find(name)]
    for name in still:
        program = PROGRAMS[name]
        with_apt = f"{'sudo ' * (os.geteuid() != 0)}apt-get install {' '.join(program.packages)}"
        how = with_apt if _has_apt() else f"install {program.elsewhere}"
        say(f"missing for {program.purpose}: {how}")
    return still


def _install(command: list[str], missing: list[str], say: Callable[[str], None]) -> None:
    packages = " ".join(package for name in missing for package in PROGRAMS[name].packages)
    say(f"installing {packages} by apt (for {', '.join(PROGRAMS[name].purpose for name in missing)}) …")
    began = time.monotonic()
    done = subprocess.run(command, check=False)
    outcome = "installed" if done.returncode == 0 else "could not install"
    say(f"{outcome} {packages} in {time.monotonic() - began:.0f} s")


def _as_root(command: list[str], missing: list[str], say: Callable[[str], None]) -> list[str] | None:
    """The command as it may be run: by root at once, by others with sudo after they said yes."""
    if not _has_apt():
        return None
    if os.geteuid() == 0:
        return command
    if not shutil.which("sudo") or not sys.stdin.isatty():
        return None
    with_sudo = ["sudo", *command]
    say(f"Needed for {', '.join(PROGRAMS[name].purpose for name in missing)}: {shlex.join(with_sudo)}")
    return with_sudo if input("Run this? [y/N] ").strip().lower() in ("y", "yes", "o", "oui") else None


def _has_apt() -> bool:
    return shutil.which("apt-get") is not None


if __name__ == "__main__":
    sys.exit(1 if ensure(*sys.argv[1:]) else 0)
