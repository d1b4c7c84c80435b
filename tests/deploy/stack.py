"""The suite as compose.yaml runs it, seen as tests see a suite of local processes."""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import httpx

from compose import credentials
from journeys.people import PATIENCE
from local import ports
from local.suite import SERVICES

from .engine import Engine, run

UNITS = {
    **{name: f"services/{name}/Dockerfile" for name in SERVICES},
    "portal": "portal/Dockerfile",
    "mailbox": "deploy/compose/mailbox.Dockerfile",
}


class Letters:
    """What the mailbox shows."""

    def __init__(self, url: str):
        self.url = url

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            httpx.get(f"{self.url}/messages", timeout=PATIENCE).raise_for_status().json()
        )
        return found


class Stack:
    """up(), down(); `urls`, `keys` and `mailbox` like local.suite's, which is all that an Office needs.

    `begun` is what the containers were after the first start.
    """

    def __init__(self, engine: Engine, directory: Path):
        self.engine = engine
        self.secrets = directory / "secrets"
        self.keys = self.secrets / "keys"
        credentials.make(self.secrets)
        port = dict(zip([*UNITS, "proxy"], ports.free(len(UNITS) + 1), strict=True))
        self.urls = {name: f"http://{ports.HOST}:{number}" for name, number in port.items()}
        self.mailbox = Letters(self.urls["mailbox"])
        self.env = {f"{name.upper()}_PORT": str(number) for name, number in port.items()}
        self.begun: dict[str, dict[str, Any]] = {}
        self.env |= {"SECRETS": str(self.secrets), "PORTAL_URL": self.urls["portal"]}

    def compose(self, *arguments: object, **env: str) -> str:
        return self.engine.compose(*arguments, env={**self.env, **env})

    def command(self, module: str) -> str:
        """What a command of this repository prints that knows the suite of compose.yaml."""
        return run([sys.executable, "-m", module], {**os.environ, **self.env})

    def up(self, *services: str, **env: str) -> None:
        """Until all of it is healthy; of single services without what they stand on."""
        alone = ["--no-deps"] if services else []
        self.compose("up", "--detach", "--wait", "--no-build", "--pull", "never", *alone, *services, **env)
        self.begun = self.begun or self.containers()
        if not services:
            self.compose("run", "--rm", "--no-deps", "--no-TTY", "catalog-web", "load-plans")

    def down(self) -> None:
        self.compose("down", "--volumes", "--timeout", "5")

    def containers(self) -> dict[str, dict[str, Any]]:
        """Service of compose.yaml → what the engine says about its container."""
        ids = self.engine.docker("ps", "--all", "--quiet").split()
        found = json.loads(self.engine.docker("inspect", *ids))
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}

    def psql(self, database: str, statement: str) -> list[str]:
        """Rows as the administrator sees them."""
        rows = self.compose(
            "exec", "--no-TTY", "postgres", "psql", "-U", "postgres", "-d", database, "-Atc", statement
        )
        return rows.split()

    def broker(self, *arguments: str) -> str:
        said = self.compose("exec", "--no-TTY", "rabbitmq", "rabbitmqctl", "--quiet", *arguments)
        return re.sub(r"(?m)^(name|user)\t.*\n", "", said)
