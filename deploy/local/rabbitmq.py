"""A private RabbitMQ node in a directory of its own, on loopback alone.

Its Erlang cookie, node name, ports and port mapper (epmd) are its own too, so that it meets no other
node of this machine, and everything ends with stop().
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from local import ports, system
from local.processes import Process, StartFailed
from rabbitmq.definitions import FOLLOWED, PRODUCTS, definitions

NODE = "seatwise@localhost"
ADMINISTRATOR = "seatwise"
SLOWEST_START = 60  # seconds
LOOPBACK = "-kernel inet_dist_use_interface {127,0,0,1}"  # Erlang's distribution listens everywhere by default


class RabbitMQ:
    """start() → amqp url of its administrator; url("orders"): a user who may write to its own exchange only.

    stop() ends it in order, kill() at once, wipe() kills it and loses everything it stored.
    """

    def __init__(self, directory: Path):
        self.directory = directory
        self.amqp, self.distribution, self.mapper = ports.free(3)
        self.passwords: dict[str, str] = {}
        self.epmd: Process | None = None
        self.node: Process | None = None

    def url(self, user: str = ADMINISTRATOR) -> str:
        return f"amqp://{user}:{quote(self.passwords[user])}@{ports.HOST}:{self.amqp}/%2F"

    def launch(self) -> str:
        """Begin to start; `await_ready` waits for it."""
        script = system.find("rabbitmq")
        if script is None:
            raise StartFailed("RabbitMQ is not installed")
        self._write_files()
        log = self.directory / "log" / "node.log"
        if self.epmd is None or self.node is None:
            mapper = [_epmd(), "-address", ports.HOST, "-port", str(self.mapper)]
            self.epmd = Process("epmd", mapper, {**os.environ}, self.directory / "log" / "epmd.log")
            self.epmd.start()
            self.node = Process("rabbitmq", [script], self._env(), log)
        self.node.start()
        return self.url()

    def await_ready(self) -> None:
        deadline = time.monotonic() + SLOWEST_START
        while not self._accepts():
            if self.node is None or self.node.pid is None or time.monotonic() > deadline:
                raise StartFailed(f"RabbitMQ did not start; see {self.directory / 'log'}")
            time.sleep(0.1)

    def start(self) -> str:
        url = self.launch()
        self.await_ready()
        return url

    def stop(self) -> None:
        for process in self.processes:
            process.stop(grace=15)
        self.node = self.epmd = None

    @property
    def processes(self) -> list[Process]:
        return [process for process in (self.node, self.epmd) if process]

    def kill(self) -> None:
        """As when the power fails: nothing is flushed; start() brings it back with what was confirmed."""
        if self.node:
            self.node.kill()

    def wipe(self) -> None:
        """Lose the disk: queues, exchanges, bindings. start() begins with the users alone."""
        self.kill()
        shutil.rmtree(self.directory / "data", ignore_errors=True)

    def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl` answers: ctl("list_queues", "name", "messages")."""
        command = ["rabbitmqctl", "--quiet", *arguments]
        env = self.env_of_ctl()
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    def env_of_ctl(self) -> dict[str, str]:
        """In which `rabbitmqctl` is the one beside the server's script, and finds this node."""
        script = system.find("rabbitmq")
        assert script is not None
        path = f"{script.parent}:{os.environ.get('PATH', os.defpath)}"
        return {**self._env(), "PATH": path, "RABBITMQ_CTL_ERL_ARGS": LOOPBACK}

    def _accepts(self) -> bool:
        """The node answers the protocol header; the port alone opens before it is ready."""
        try:
            with socket.create_connection((ports.HOST, self.amqp), timeout=1) as probe:
                probe.sendall(b"AMQP\x00\x00\x09\x01")
                return bool(probe.recv(1))
        except OSError:
            return False

    def _env(self) -> dict[str, str]:
        own = {
            "HOME": self.directory / "home",
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_NODE_IP_ADDRESS": ports.HOST,
            "RABBITMQ_NODE_PORT": self.amqp,
            "RABBITMQ_DIST_PORT": self.distribution,
            "RABBITMQ_MNESIA_BASE": self.directory / "data",
            "RABBITMQ_LOG_BASE": self.directory / "log",
            "RABBITMQ_CONFIG_FILE": self.directory / "rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self.directory / "enabled_plugins",
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": LOOPBACK,
            "ERL_EPMD_ADDRESS": ports.HOST,
            "ERL_EPMD_PORT": self.mapper,
            "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the node instead of staying its parent
        }
        foreign = ("RABBITMQ_", "ERL_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**inherited, **{name: str(value) for name, value in own.items()}}

    def _write_files(self) -> None:
        home = self.directory / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        kept = self.directory / "passwords.json"
        known = json.loads(kept.read_text()) if kept.exists() else {}
        users = (ADMINISTRATOR, *FOLLOWED, *PRODUCTS)
        self.passwords = {user: known.get(user) or secrets.token_urlsafe(18) for user in users}
        kept.write_text(json.dumps(self.passwords))
        told = self.directory / "definitions.json"
        told.write_text(json.dumps(definitions(self.passwords, ADMINISTRATOR), indent=1))
        (self.directory / "enabled_plugins").write_text("[].\n")
        (self.directory / "rabbitmq.conf").write_text(
            f"load_definitions = {told.resolve()}\nlog.file.level = warning\nlog.console = false\n"
            "disk_free_limit.absolute = 50MB\n"
        )


def _epmd() -> str:
    """The port mapper, run as our own child so that it can be ended by its id."""
    places = f"{os.environ.get('PATH', '')}:/usr/bin:/usr/lib/erlang/bin:/usr/local/lib/erlang/bin"
    found = shutil.which("epmd", path=places)
    if found is None:
        raise StartFailed("Erlang's epmd is not installed")
    return found
