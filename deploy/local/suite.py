"""The whole suite on one machine: broker, databases, keys, the processes of every unit, the mailbox.

Suite(directory).start() is what `make run` does; tests start several beside each other on free ports,
stop and kill single processes ("orders-web") and arm failpoints in them.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from kit.settings import variable
from local import demo, ports, running, system
from local.mailbox import Mailbox
from local.postgres import Postgres
from local.processes import Process, StartFailed, Supervisor
from local.rabbitmq import RabbitMQ
from rabbitmq.definitions import PRODUCTS

SERVICES = ("catalog", "orders", "entitlements", "notifier")
PORTAL = "portal"
RABBITMQ, NO_BROKER = "rabbitmq", "none"
SQLITE, POSTGRESQL = "sqlite", "postgresql"
SLOWEST_START = 60  # seconds until /readyz
MAIL_FROM = "Seatwise <no-reply@seatwise.example>"


class Suite:
    """start(), stop(); `urls`, `processes`, `mailbox`, `rabbitmq`, `keys`.

    broker: "rabbitmq" (a private node), "none", or the amqp url of one that runs elsewhere.
    databases: "sqlite" (kept in the directory) or "postgresql" (a private server, gone with stop(), `durable`
    only where that is asked for).
    port: name → port for what people open; what is not named gets a free one.
    """

    def __init__(
        self,
        directory: Path,
        *,
        broker: str = RABBITMQ,
        databases: str = SQLITE,
        durable: bool = False,
        port: Mapping[str, int] | None = None,
        demo: bool = False,
        units: Sequence[str] = (*SERVICES, PORTAL),
        env: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ):
        self.directory = directory.resolve()
        self.say = say
        self.env = dict(env or {})
        self.demo = demo
        self.account: dict[str, Any] | None = None
        self.units = units
        self.services = [unit for unit in units if unit != PORTAL]
        named = [name for name in ports.KNOWN if name not in PRODUCTS or name in units]
        *known, self.smtp_port = ports.free(len(named) + 1)
        self.port = {**dict(zip(named, known, strict=True)), **(port or {})}
        self.metrics: dict[str, int] = {}
        self.urls = {name: f"http://{ports.HOST}:{number}" for name, number in self.port.items()}
        self.keys = self.directory / "keys"
        self.rabbitmq = RabbitMQ(self.directory / "rabbitmq") if broker == RABBITMQ else None
        self.broker_url = NO_BROKER if self.rabbitmq else broker
        self.postgres = self._postgres(durable) if databases == POSTGRESQL else None
        self.mailbox = Mailbox(
            self.directory / "mailbox", smtp_port=self.smtp_port, page_port=self.port["mailbox"]
        )
        self.supervisor = Supervisor(say)
        self.processes = self.supervisor.processes
        self.server_url = ""
        self._lock: IO[str] | None = None

    # Starting and stopping all of it

    def start(self) -> None:
        """Everything at once; returns when all answer. What was started is stopped when something fails."""
        self._lock = running.lock(self.directory)
        self.directory.chmod(0o700)  # keys and passwords are in there
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        if self.rabbitmq:
            self.broker_url = self.rabbitmq.launch()
            self.supervisor.servers = self.rabbitmq.processes
            self.say(f"RabbitMQ starts, a private node at {ports.HOST}:{self.rabbitmq.amqp}")
        if self.postgres:
            self.server_url = self.postgres.start()
            self.say("PostgreSQL runs, a private server")
        self._make_keys()
        self._migrate()
        self.say("keys and databases are ready")
        self.mailbox.start()
        self.supervisor.start()
        for service in self.services:
            self._launch(f"{service}-web")
        if self.demo:
            self.account = demo.known(self.directory) or self._make_demo()
        if PORTAL in self.units:
            self._launch(f"{PORTAL}-web")
        for service in self.services:
            self._launch(f"{service}-worker")
        self.say(f"{len(self.processes)} processes start")
        if "catalog" in self.services:
            self.run("catalog", "load-plans")
        self.await_ready()
        if self.rabbitmq:
            self.rabbitmq.await_ready()
        if self.account:
            demo.await_known(self.urls, self.directory, self.account["account_id"])
        self.say("all of them answer")
        self._write_environments()
        self._describe()

    def stop(self) -> None:
        """End everything that was started, the services before what they stand on."""
        if self._lock is None:
            return
        self.supervisor.stop()
        self.mailbox.stop()
        if self.rabbitmq:
            self.rabbitmq.stop()
        if self.postgres and self.server_url:
            self.postgres.stop()
        (self.directory / "suite.json").unlink(missing_ok=True)
        self._lock.close()
        self._lock = None

    def await_ready(self, *names: str) -> None:
        """Until these web processes (without names all of them) answer /readyz."""
        deadline = time.monotonic() + SLOWEST_START
        for name in names or self.processes:
            unit, _, role = name.rpartition("-")
            while role == "web" and not answers(f"{self.urls[unit]}/readyz"):
                if time.monotonic() > deadline:
                    raise StartFailed(f"{name} does not become ready; see {self.processes[name].log}")
                time.sleep(0.05)

    def _launch(self, name: str) -> None:
        unit, _, role = name.rpartition("-")
        log = self.directory / "logs" / f"{name}.log"
        if name not in self.metrics:
            [self.metrics[name]] = ports.free(1)
        metrics_port = str(self.metrics[name])
        # PGAPPNAME is the name in pg_stat_activity.
        env = {"METRICS_PORT": metrics_port, **self.env_of(unit), "PGAPPNAME": name}
        process = Process(name, [sys.executable, "-m", module(unit), role], env, log)
        process.start()
        self.processes[name] = process

    def _make_demo(self) -> dict[str, Any]:
        self.await_ready()
        made = demo.create(self.urls["entitlements"], self.directory)
        self.say(f"the demo account has {len(made['members'])} people")
        return made

    def _describe(self) -> None:
        """suite.json: what others need to know to use this suite while it runs."""
        metrics = {name: f"http://{ports.HOST}:{port}/metrics" for name, port in self.metrics.items()}
        known = {
            "urls": self.urls,
            "metrics": metrics,
            "broker_url": self.broker_url,
            "pid": os.getpid(),
            **(self.account or {}),
        }
        draft = self.directory / "suite.json.part"
        draft.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n")
        draft.rename(self.directory / "suite.json")

    # Single processes, for tests

    def start_process(self, name: str, **env: str) -> None:
        """Start one again; `env` (FAILPOINT=…) goes for this start alone."""
        self.processes[name].start(**env)
        self.await_ready(name)

    def stop_process(self, name: str) -> None:
        self.processes[name].stop()

    # What it is made of

    def env_of(self, unit: str) -> dict[str, str]:
        """The whole environment of a unit's processes: nothing of ours leaks into its settings."""
        broker_url = self.rabbitmq.url(unit) if self.rabbitmq and unit in self.services else self.broker_url
        kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "COVERAGE_PROCESS_START")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PYTHONUNBUFFERED": "1",
            "HOST": ports.HOST,
            "PORT": str(self.port[unit]),
            "DATABASE_URL": self.database_url(unit),
            "BROKER_URL": broker_url,
            "TRUST_DIR": str(self.keys / "trust"),
            "SIGNING_KEY_FILE": str(self.keys / f"{unit}.json"),
            "SECRET_KEY_FILE": str(self.keys / f"{unit}-secret"),
            "DATA_DIR": str(self.directory / unit),
            "PRODUCTS": ",".join(unit for unit in self.units if unit in PRODUCTS),
            "SMTP_URL": self.mailbox.smtp_url,
            "MAIL_FROM": MAIL_FROM,
            "DEMO_ACCOUNT": self.account["account_id"] if self.account else "",
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO"),
            **{f"{variable(name)}_URL": url for name, url in self.urls.items()},
            **self.env,
        }

    def database_url(self, unit: str) -> str:
        if self.postgres:
            return self.postgres.url(unit)
        return f"sqlite:///{self.directory}/{unit}.db"

    def _postgres(self, durable: bool) -> Postgres:
        # Not under our directory: the server runs as another user, who may not be allowed in there.
        return Postgres(Path(tempfile.mkdtemp(prefix="seatwise-postgres-")), durable=durable)

    def _make_keys(self) -> None:
        from local import keys

        keys.write(json.loads((running.REPOSITORY / "deploy" / "issuers.json").read_text()), self.keys)

    def _migrate(self) -> None:
        if self.postgres:
            for service in self.services:
                self.postgres.create_database(service)
        databases = [f"{service}={self.database_url(service)}" for service in self.services]
        self._call("local.migrate", databases, {**os.environ, "PYTHONPATH": str(running.REPOSITORY / "deploy")})

    def _write_environments(self) -> None:
        """For whoever wants to run a unit's commands, or rabbitmqctl, beside the suite."""
        known = {unit: self.env_of(unit) for unit in self.units}
        if self.rabbitmq:
            known["rabbitmq"] = self.rabbitmq.env_of_ctl()
        for name, env in known.items():
            own = {key: value for key, value in env.items() if os.environ.get(key) != value}
            lines = [f"{key}={shlex.quote(value)}\n" for key, value in own.items()]
            (self.directory / f"{name}.env").write_text("".join(lines))

    def run(self, unit: str, *arguments: str) -> str:
        """What `python -m <unit> …` prints; StartFailed with its words when it fails."""
        return self._call(module(unit), arguments, self.env_of(unit))

    def _call(self, module: str, arguments: Sequence[str], env: dict[str, str]) -> str:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StartFailed(f"python -m {module} {' '.join(arguments)}: {done.stderr.strip()[-2000:]}")
        return done.stdout


def module(unit: str) -> str:
    """What `python -m` calls it."""
    return unit.replace("-", "_")


def broker_here(say: Callable[[str], None]) -> str:
    """BROKER_URL of the environment, or RabbitMQ found or installed, or none when that cannot be."""
    if chosen := os.environ.get("BROKER_URL"):
        return chosen
    if system.ensure("rabbitmq", say=say):
        say("going on without RabbitMQ (BROKER_URL=none): events travel through the logs, a little slower")
        return NO_BROKER
    return RABBITMQ


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
