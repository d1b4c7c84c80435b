"""A private PostgreSQL server in a directory of its own, on loopback, for tests."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from local import ports, system


def binaries() -> Path | None:
    """Where initdb and pg_ctl are; None when PostgreSQL is not installed."""
    found = system.find("postgresql")
    return found.parent if found else None


class Postgres:
    """start() → url of the database `postgres`; stop(). It is for tests, which need nothing `durable`."""

    def __init__(self, directory: Path, *, durable: bool = False):
        self.directory = directory
        self.durable = durable
        self.bin = binaries()
        self.port = ports.free(1)[0]

    def start(self) -> str:
        data = self.directory / "data"
        self.directory.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
        self._run(
            "initdb", "-D", data, "-U", "seatwise", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"
        )
        options = (
            f"-c listen_addresses={ports.HOST} -c port={self.port} -c unix_socket_directories={self.directory}"
            " -c max_connections=300"
        )
        if not self.durable:
            options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        self._run("pg_ctl", "-D", data, "-w", "-s", "-l", self.directory / "log", "-o", options, "start")
        return self.url("postgres")

    def url(self, database: str) -> str:
        """Through its socket file: a query by TCP costs twice as much, on both sides."""
        return f"postgresql://seatwise@/{database}?host={self.directory}&port={self.port}"

    def create_database(self, name: str) -> None:
        self._run("createdb", "-h", ports.HOST, "-p", self.port, "-U", "seatwise", name)

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self.directory / "data", "-w", "-s", "-m", "immediate", "stop")
        shutil.rmtree(self.directory, ignore_errors=True)

    def _run(self, program: str, *arguments: object) -> None:
        assert self.bin is not None, "PostgreSQL is not installed"
        as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*as_owner, str(self.bin / program), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.directory, check=False)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")
