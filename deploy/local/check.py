"""make check: everything that must hold before a change is taken, a line with its seconds for each stage."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from local import running

BIN = Path(sys.executable).parent
UV = running.REPOSITORY / ".tools" / "bin" / "uv"


class Stage(NamedTuple):
    """A command; of one that succeeds only the last line is worth reading, if any."""

    name: str
    command: Sequence[object]
    conclusion: bool = False


def stages() -> list[Stage]:
    sources = sorted(str(path) for path in running.REPOSITORY.glob("**/src") if ".venv" not in path.parts)
    return [
        Stage("lint", [BIN / "ruff", "check", "--quiet", "."]),
        Stage("format", [BIN / "ruff", "format", "--check", "--quiet", "."]),
        Stage("types", [BIN / "mypy", *sources, "deploy", "benchmarks"]),
        Stage("imports", [BIN / "lint-imports"]),
        Stage("contracts", [sys.executable, "-m", "releases", "contracts"], conclusion=True),
        Stage("lock file", [UV, "lock", "--check", "--quiet"]),
        Stage("tests", ["make", "--no-print-directory", "test"], conclusion=True),
    ]


def run(stage: Stage) -> bool:
    print(f"{stage.name} …", end=" ", flush=True)
    began = time.monotonic()
    done = subprocess.run(
        [str(part) for part in stage.command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=running.REPOSITORY,
        check=False,
    )
    print(f"{'ok' if done.returncode == 0 else 'FAILED'}, {time.monotonic() - began:.1f} s", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
    elif stage.conclusion:
        print(done.stdout.rstrip().rpartition("\n")[2], flush=True)
    return done.returncode == 0


def main() -> int:
    """Every stage runs, so that one look shows all that is wrong."""
    began = time.monotonic()
    failed = [stage.name for stage in stages() if not run(stage)]
    print(
        f"{'FAILED: ' + ', '.join(failed) if failed else 'all of it holds'}, {time.monotonic() - began:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
