"""What the processes of a suite need: memory after some use, and the time until all of them answer."""

import contextlib
import io
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks import measuring, servers
from benchmarks.report import Line, Plot, Result
from local import running, suite, tour
from local.narrator import Narrator

TITLE = "Memory and start"
STARTS = 5
MEBIBYTE = 2**20
SLOWEST_START = 120  # seconds


def measure() -> Result:
    with servers.directory() as home:
        memory = _memory(home / "memory")
        seconds = [_start(home / "start") for _ in range(STARTS + 1)][1:]
    start = measuring.Spread.of(seconds)
    most = measuring.Spread.of(list(memory.values()))._replace(middle=max(memory.values()))
    lines = [
        Line("memory of the process that needs most", most, 80, 60, "MiB"),
        Line("second start to ready", start, 12, 6, "s"),
    ]
    notes = [
        "Memory is what is a process's own and its part of what it shares (PSS), on PostgreSQL, after the help "
        "article was walked; a web process counts with its gunicorn. The median is the most of all processes.",
        f"`make ready` and `local.run` as in `make run`, on SQLite, {STARTS} times after the first.",
    ]
    bars = sorted(memory.items(), key=lambda named: -named[1])
    return Result(lines, notes, [Plot("memory", "Memory of each process", bars, "MiB")])


@contextlib.contextmanager
def _running(directory: Path, *options: str) -> Iterator[psutil.Process]:
    """`make run` elsewhere, from the moment at which all answer."""
    command = [
        sys.executable,
        "-m",
        "local.run",
        "--directory",
        directory,
        "--ports",
        "free",
        "--quiet",
        *options,
    ]
    with subprocess.Popen([*map(str, command)], cwd=running.REPOSITORY) as process:
        try:
            deadline = time.monotonic() + SLOWEST_START
            while not running.described(directory):
                assert process.poll() is None, "the suite does not start"
                assert time.monotonic() < deadline, "the suite starts too slowly"
                time.sleep(0.02)
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGINT)


def _start(directory: Path) -> float:
    began = time.perf_counter()
    subprocess.run(["make", "--no-print-directory", "ready"], cwd=running.REPOSITORY, check=True)
    with _running(directory):
        return time.perf_counter() - began


def _memory(directory: Path) -> dict[str, float]:
    """MiB of each process after the tour."""
    with _running(directory, "--database", suite.POSTGRESQL) as whole:
        with contextlib.redirect_stdout(io.StringIO()):
            tour.walk_through(directory, Narrator())
        return {name: _of(tree) for tree in whole.children() if (name := _named(tree))}


def _named(process: psutil.Process) -> str:
    """`orders worker`; nothing for what is not ours, like the broker."""
    module, *role = process.cmdline()[2:4] if process.cmdline()[1:2] == ["-m"] else [""]
    return " ".join([module, *role]) if role and role[0] in ("web", "worker") else ""


def _of(process: psutil.Process) -> float:
    tree = [process, *process.children(recursive=True)]
    return float(sum(one.memory_full_info().pss for one in tree)) / MEBIBYTE
