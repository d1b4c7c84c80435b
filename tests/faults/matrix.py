"""python -m faults.matrix faults|rolling|schedules: every fault of a page of the catalog, with its progress.

Writes docs/reports/<page>.md. Exit code 0: nothing lost, doubled, from nowhere, wrong or
stuck, and every broken variant caught.
"""

import os
import platform
import subprocess
import sys
import time
from collections import Counter, defaultdict

import pytest

from faults.catalog import PAGES, ROOT, Fault, Page, node
from faults.checker import DOUBLED, GHOST, LOST, STUCK, WRONG

REPORTS = ROOT / "docs" / "reports"
KINDS = (LOST, DOUBLED, GHOST, WRONG, STUCK)
DATABASES = ("sqlite", "postgresql")
PASSED, FAILED = "passed", "failed"


class Watch:
    """What became of each test: (test, database) → outcome, findings, seconds."""

    def __init__(self) -> None:
        self.outcome: dict[tuple[str, str], str] = {}
        self.found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        self.figures: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test, _, parameters = report.nodeid.partition("[")
        database = next((one for one in DATABASES if one in parameters), "")
        key = (test, database)
        self.seconds[key] += report.duration
        if report.failed:
            self.outcome[key] = FAILED
        elif report.when == "call" and report.passed:
            self.outcome.setdefault(key, PASSED)
        if report.when == "teardown":
            for name, found in report.user_properties:
                if name == "found" and isinstance(found, dict):
                    self.found[key].update(found)
                elif name == "figure":
                    self.figures.append(f"{database}: {found}" if database else str(found))

    def of(self, test: str, database: str) -> list[tuple[str, str]]:
        """Where it ran for this kind of database: tests without one count for both."""
        return [key for key in ((node(test), database), (node(test), "")) if key in self.outcome]


def row(fault: Fault, database: str, watch: Watch) -> tuple[str, bool]:
    """One line of the table, and whether all of it holds."""
    ran = [key for test in fault.tests for key in watch.of(test, database)]
    if not ran:
        return f"| {fault.kind} | {fault.name} | {database} | " + "– | " * len(
            KINDS
        ) + "– | – | not there |", True
    found = sum((watch.found[key] for key in ran), Counter[str]())
    holds = all(watch.outcome[key] == PASSED for key in ran)
    controls = [key for one in DATABASES for key in watch.of(fault.control, one)] if fault.control else []
    caught = bool(controls) and all(watch.outcome[key] == PASSED for key in controls)
    said = ("yes" if caught else "**no**") if fault.control else "–"
    seconds = sum(watch.seconds[key] for key in ran)
    counts = " | ".join(str(found[kind]) for kind in KINDS)
    end = "holds" if holds else "**fails**"
    text = f"| {fault.kind} | {fault.name} | {database} | {counts} | {said} | {seconds:.0f} | {end} |"
    return text, holds and (caught or not fault.control)


def report(name: str, page: Page, watch: Watch, seconds: float, code: int) -> bool:
    """Write it; True when all of it holds."""
    rows = [row(fault, database, watch) for fault in page.faults for database in page.databases]
    holds = code == 0 and all(well for _, well in rows)
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    total = sum((watch.found[key] for key in watch.found), Counter[str]())
    lines = [
        f"# {page.title}",
        "",
        f"Written by `make {name}`; [docs/faults.md](../faults.md) says how to read it.",
        "",
        f"* {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, {commit or 'no commit'},"
        f" {os.cpu_count()} cores,"
        f" Python {platform.python_version()}: {len(watch.outcome)} tests in {seconds:.0f} s",
        "* "
        + ", ".join(f"{total[kind]} {kind}" for kind in KINDS)
        + f"; {Counter(watch.outcome.values())[FAILED]} tests failed; "
        + ("all of it holds" if holds else "**not all of it holds**"),
        "",
        f"| of | fault | database | {' | '.join(KINDS)} | mutation caught | seconds | |",
        "|" + "---|" * (len(KINDS) + 6),
        *(text for text, _ in rows),
        "",
        "Measured:",
        "",
        *(f"* {figure}" for figure in sorted(watch.figures)),
        "",
    ]
    file = REPORTS / f"{name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines))
    print(f"{file.relative_to(ROOT)}: {lines[5][2:]}")
    return holds


def main(name: str, *arguments: str) -> int:
    os.chdir(ROOT)
    os.environ["FAULT_MATRIX"] = "1"
    page = PAGES[name]
    files = sorted(str(file.relative_to(ROOT)) for file in ROOT.glob(page.files))
    elsewhere = sorted(test for test in page.tests() if test.partition("::")[0] not in files)
    watch, began = Watch(), time.monotonic()
    spread = ["-n", str(page.processes)] if page.processes else []
    code = pytest.main([*spread, "-vv", *files, *elsewhere, *arguments], plugins=[watch])
    return 0 if report(name, page, watch, time.monotonic() - began, int(code)) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
