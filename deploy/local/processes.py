"""Child processes: each with its log file, ended with us, started anew when they die unasked."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

STEADY = 30  # seconds after which a process counts as well again
LONGEST_PAUSE = 8.0


class StartFailed(Exception):
    """Something did not become ready; the text names its log."""


class Process:
    """start(), stop(), kill(); `pid` while it runs. A session of its own keeps Ctrl-C for the supervisor.

    It ends when the thread that started it ends: start it from one that stays.
    """

    def __init__(self, name: str, command: Sequence[str | Path], env: dict[str, str], log: Path):
        self.name = name
        self.command = [*_ending_with_us(), *map(str, command)]
        self.env = env
        self.log = log
        self.wanted = False
        self.pause = 0.25
        self.began = 0.0
        self.again_at: float | None = None
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self.child.pid if self.child and self.child.poll() is None else None

    def start(self, **env: str) -> None:
        """`env` goes for this start alone, not for the next by the supervisor (a failpoint arms once)."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                self.command,
                env={**self.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.began, self.again_at, self.wanted = time.monotonic(), None, True

    def terminate(self) -> None:
        """Ask it to end; `wait` makes sure."""
        self.wanted = False
        if self.child:
            self.child.terminate()

    def wait(self, grace: float = 7) -> None:
        if self.child:
            try:
                self.child.wait(grace)
            except subprocess.TimeoutExpired:
                self.kill()

    def stop(self, grace: float = 7) -> None:
        self.terminate()
        self.wait(grace)

    def kill(self) -> None:
        """SIGKILL to it and its children; it stays down until it is started."""
        self.wanted = False
        self.crash()

    def crash(self) -> None:
        """SIGKILL to it and its children; the supervisor starts it anew."""
        if self.child and self.pid:
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


def _ending_with_us() -> list[str]:
    """If the supervisor is killed, its children are told to end."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


class Supervisor:
    """Looks after processes from a thread of its own; `say` is told of every death."""

    def __init__(self, say: Callable[[str], None]):
        self.say = say
        self.processes: dict[str, Process] = {}
        self.servers: list[Process] = []  # what those stand on: watched too, ended by their owner
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """End the processes: everybody is told first, then waited for."""
        self.stopping.set()
        if self.thread.is_alive():
            self.thread.join()
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait()

    def _watch(self) -> None:
        while not self.stopping.wait(0.1):
            for process in [*self.servers, *self.processes.values()]:
                if process.wanted and process.child and process.child.poll() is not None:
                    self._revive(process, process.child.returncode)

    def _revive(self, process: Process, code: int) -> None:
        """Wait a little longer each time, unless it had been well for a while."""
        now = time.monotonic()
        if process.again_at is None:
            process.pause = 0.5 if now - process.began > STEADY else min(process.pause * 2, LONGEST_PAUSE)
            process.again_at = now + process.pause
            self.say(f"{process.name} ended ({ending(code)}); again in {process.pause:g} s; see {process.log}")
        elif now >= process.again_at:
            process.start()


def ending(code: int) -> str:
    """How a process ended, in words: `exit code 1`, `SIGKILL`."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
