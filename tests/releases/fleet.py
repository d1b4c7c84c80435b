"""A suite whose units run from the source of different releases, two web processes each, and are rolled."""

import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from journeys.people import until
from local import ports
from local.suite import PORTAL, SERVICES, Suite, answers
from releases import sources

from .front import Front

UNITS = (*SERVICES, PORTAL)


class Source(NamedTuple):
    """A directory that holds the code of a release, and what it is called."""

    name: str
    tree: Path


HEAD = Source("head", sources.REPOSITORY)


class Fleet(Suite):
    """start(), roll(unit, source), stop(). `runs`: which source each unit runs from."""

    def __init__(self, directory: Path, runs: Mapping[str, Source], **options: Any):
        super().__init__(directory, demo=True, **options)
        self.runs = dict(runs)
        free = iter(ports.free(2 * len(UNITS)))
        self.replicas = {unit: {f"{unit}-web": next(free), f"{unit}-web2": next(free)} for unit in UNITS}
        self.fronts: dict[str, Front] = {}

    def _start(self) -> None:
        for unit, replicas in self.replicas.items():
            self.fronts[unit] = Front(self.port[unit])
            self.fronts[unit].add(replicas[f"{unit}-web"])
        super()._start()
        for unit in UNITS:
            self.welcome(f"{unit}-web2")

    def _launch(self, name: str) -> None:
        """Web processes in pairs."""
        super()._launch(name)
        if name.endswith("-web"):
            second = copy(self.processes[name])
            second.name = f"{name}2"
            second.env = self.env_at(second.name)
            second.start()
            self.processes[second.name] = second

    def _migrate(self) -> None:
        """Each service by its own release."""
        if self.postgres:
            for service in self.services:
                self.postgres.create_database(service)
        with ThreadPoolExecutor(2) as two:
            list(two.map(lambda service: self.run(service, "migrate"), self.services))

    def env_of(self, unit: str) -> dict[str, str]:
        """With the source that the unit runs from before what is installed."""
        source, port = self.runs[unit], self.replicas[unit][f"{unit}-web"]
        own = {"PYTHONPATH": sources.path_to(source.tree, unit), "RELEASE": source.name, "PORT": str(port)}
        return {**super().env_of(unit), **own}

    def env_at(self, name: str) -> dict[str, str]:
        unit = name.partition("-")[0]
        port = self.replicas[unit].get(name)
        return self.env_of(unit) | ({"PORT": str(port)} if port else {})

    def stop(self) -> None:
        super().stop()
        for front in self.fronts.values():
            front.stop()

    # Rolling

    def deploy(self, unit: str, source: Source) -> None:
        """Migrate, then replace its processes."""
        self.runs[unit] = source
        if unit != PORTAL:
            self.run(unit, "migrate")
        self.roll(unit, source)

    def expand(self) -> None:
        """Every database has the tables of head, which the checker reads, and any release works with."""
        with ThreadPoolExecutor(2) as two:
            list(two.map(self._expand, self.services))

    def _expand(self, service: str) -> None:
        env = {**self.env_of(service), "PYTHONPATH": sources.path_to(HEAD.tree, service)}
        self._call(service, ["migrate"], env)

    def roll(self, unit: str, source: Source) -> None:
        """Replace one process after the other, as they are rolled back; the others answer meanwhile."""
        self.runs[unit] = source
        if unit != PORTAL:
            self.processes[f"{unit}-worker"].terminate()
        for name, port in self.replicas[unit].items():
            self.fronts[unit].take_out(port)
            self.renew(name)
            if unit != PORTAL and name.endswith("-web"):
                self.renew(f"{unit}-worker")
            self.welcome(name)

    def renew(self, name: str) -> None:
        process = self.processes[name]
        process.stop()
        process.env = self.env_at(name)
        process.start()

    def welcome(self, name: str) -> None:
        """Let people in once it is ready."""
        unit = name.partition("-")[0]
        port = self.replicas[unit][name]
        until(f"{name} to be ready", lambda: answers(f"http://{ports.HOST}:{port}/readyz"))
        self.fronts[unit].add(port)

    def failed(self) -> list[str]:
        return [f"{unit}: {what}" for unit, front in self.fronts.items() for what in front.failed]

    def code_of(self, name: str) -> set[Path]:
        """Where the packages come from that the running process has, asked in its own environment."""
        unit = name.partition("-")[0]
        env = psutil.Process(self.processes[name].pid).environ()
        told = f"import kit, {unit}; print(kit.__file__, {unit}.__file__, sep='\\n')"
        done = subprocess.run([sys.executable, "-c", told], env=env, capture_output=True, text=True, check=True)
        return {Path(line) for line in done.stdout.splitlines()}
