"""Processes end with their supervisor, and come back when they die unasked."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.processes import Process, Supervisor, ending

SLEEPER = "import os, time; print(os.environ.get('FAILPOINT', 'unarmed'), flush=True); time.sleep(60)"


def until(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def said():
    return []


@pytest.fixture
def process(tmp_path, said):
    supervisor = Supervisor(said.append)
    made = Process("orders-web", [sys.executable, "-c", SLEEPER], dict(os.environ), tmp_path / "orders-web.log")
    supervisor.processes["orders-web"] = made
    made.start(FAILPOINT="x:exit")
    supervisor.start()
    yield made
    supervisor.stop()
    assert made.pid is None


def test_a_process_that_dies_is_started_again_and_that_is_said(process, said):
    first = process.pid
    process.crash()
    until(lambda: process.pid not in (None, first))

    assert said == [f"orders-web ended (SIGKILL); again in 0.5 s; see {process.log}"]


def test_a_failpoint_is_armed_for_one_start(process):
    until(lambda: "x:exit" in process.log.read_text())
    process.crash()
    until(lambda: process.log.read_text().split() == ["x:exit", "unarmed"])


def test_a_killed_process_stays_down_until_it_is_started(process, said):
    process.kill()
    time.sleep(0.8)

    assert (process.pid, said) == (None, [])
    process.start()
    assert process.pid is not None


def test_the_pause_grows_while_it_keeps_dying(tmp_path, said):
    supervisor = Supervisor(said.append)
    failing = Process(
        "orders-web", [sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ), tmp_path / "log"
    )
    supervisor.processes["orders-web"] = failing
    failing.start()
    supervisor.start()
    until(lambda: len(said) == 2)
    supervisor.stop()

    assert [line.split(";")[1] for line in said] == [" again in 0.5 s", " again in 1 s"]
    assert "exit code 3" in said[0]


def test_when_the_supervisor_is_killed_its_processes_end(tmp_path):
    log = tmp_path / "log"
    script = (
        "import os, sys, time; from pathlib import Path; from local.processes import Process;"
        f"p = Process('x', [sys.executable, '-c', {SLEEPER!r}], dict(os.environ), Path('{log}'));"
        "p.start(); print(p.pid, flush=True); time.sleep(60)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as supervisor:
        assert supervisor.stdout is not None
        child = int(supervisor.stdout.readline())
        until(lambda: "unarmed" in log.read_text())
        supervisor.kill()
    until(lambda: not _runs(child))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_an_ending_is_told_in_words():
    assert (ending(1), ending(-signal.SIGSEGV)) == ("exit code 1", "SIGSEGV")
