"""Stand-ins for the official base images, made from Debian's packages: builds and servers need no registry.

They carry the names of what they stand in for, in our own engine alone, so that Dockerfiles and compose.yaml
are tested as they are.
"""

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from local import running

from .engine import TOOLS, Engine, run

HERE = Path(__file__).with_name("standins")
PYTHON = ("python:3.11-slim-bookworm", "python.Dockerfile")
SERVERS = (
    ("postgres:15-bookworm", "postgres.Dockerfile"),
    ("rabbitmq:3.13", "rabbitmq.Dockerfile"),
    ("debian:bookworm-slim", "proxy.Dockerfile"),
)
SYSTEMS = {
    "python": "python3,python3-pip,python3-venv,ca-certificates",
    "servers": "postgresql,rabbitmq-server,nginx-light",
}
# What need not survive a power failure, and nobody reads, is made quickly.
QUICKLY = (
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
)
PATH = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def make(engine: Engine) -> None:
    """What the engine has already stays."""
    missing = [name for name in SYSTEMS if not engine.has(_system(name))]
    made = {name: _debian(name) for name in missing}  # all at once
    for name, process in made.items():
        assert process.wait() == 0, name
        tar = _tar(name)
        engine.docker("import", "--change", PATH, tar, _system(name))
        tar.unlink()
    for name in SYSTEMS:
        engine.docker("tag", _system(name), f"seatwise-standin-{name}")
    tag, file = PYTHON
    engine.build(HERE / file, _wheels(), tag)
    for tag, file in SERVERS:
        engine.build(HERE / file, HERE, tag)


def _system(name: str) -> str:
    recipe = hashlib.sha256(f"{SYSTEMS[name]}{QUICKLY}{PATH}".encode()).hexdigest()[:12]
    return f"seatwise-standin-{name}:{recipe}"


def _tar(name: str) -> Path:
    return TOOLS / f"standin-{name}.tar"


def _debian(name: str) -> subprocess.Popen[bytes]:
    what = ["--variant=minbase", f"--include={SYSTEMS[name]}", "bookworm", str(_tar(name))]
    return subprocess.Popen(["mmdebstrap", "--quiet", *QUICKLY, *what])


def _wheels() -> Path:
    """Everything that the images install, each wheel checked against its hash."""
    wheels = TOOLS / "wheels"
    repository = running.REPOSITORY
    locked = TOOLS / "locked.txt"
    export = [TOOLS / "bin" / "uv", "export", "--quiet", "--frozen", "--no-dev", "--no-emit-workspace"]
    run([*export, "--project", repository, "--output-file", locked], {})
    files = [locked, repository / "deploy/local/uv.txt", repository / "deploy/images/hatchling.txt"]
    wanted: Sequence[object] = [part for file in files for part in ("--requirement", file)]
    pip = [TOOLS / "bin" / "pip", "--quiet", "download", "--require-hashes", "--only-binary", ":all:"]
    run([*pip, "--dest", wheels, *wanted], {"PATH": "/usr/bin:/bin"})
    return wheels
