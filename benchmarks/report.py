"""benchmarks/REPORT.md and its plots: what was measured, what must be and what is aimed at."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measuring import Spread

HERE = Path(__file__).parent
FIGURES = HERE / "figures"  # what each benchmark said last: one may run alone
WIDTH, BAR, LABEL = 720, 22, 300


class Line(NamedTuple):
    """A line of the table. `must` and `aim` are the most that it may be; where `more` is better, the least."""

    what: str
    measured: Spread
    must: float | None = None
    aim: float | None = None
    unit: str = ""
    more: bool = False
    conclusive: bool = True

    @property
    def verdict(self) -> str:
        if not self.conclusive:
            return "inconclusive"
        if self.must is None:
            return ""
        if not self._reaches(self.must):
            return "**misses**"
        return "meets the aim" if self.aim is not None and self._reaches(self.aim) else "meets the must"

    def _reaches(self, bound: float) -> bool:
        return self.measured.middle >= bound if self.more else self.measured.middle <= bound


class Plot(NamedTuple):
    """Bars, each with its number; less is better unless the title says otherwise."""

    name: str
    title: str
    bars: Sequence[tuple[str, float]]
    unit: str = ""


class Result(NamedTuple):
    """What a benchmark found; `notes` say how, a sentence each."""

    lines: Sequence[Line]
    notes: Sequence[str] = ()
    plots: Sequence[Plot] = ()


def keep(name: str, title: str, result: Result) -> None:
    """Its part of the report, for this and later ones."""
    FIGURES.mkdir(exist_ok=True)
    for plot in result.plots:
        (FIGURES / f"{plot.name}.svg").write_text(drawn(plot))
    told = {"title": title, "measured": _where_and_when(), "text": _part(result)}
    (FIGURES / f"{name}.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def write(names: Sequence[str]) -> None:
    """All parts that are known, in this order."""
    lines = ["# Benchmarks", "", "Written by `make bench`; [how it is measured](README.md).", ""]
    for name in names:
        if (file := FIGURES / f"{name}.json").exists():
            told: dict[str, Any] = json.loads(file.read_text())
            again = f"`make bench ONLY={name}`, {told['measured']}"
            lines += [f"## {told['title']}", "", again, "", *told["text"], ""]
    (HERE / "REPORT.md").write_text("\n".join(lines))


def _part(result: Result) -> list[str]:
    head = ["| what | median | least – most | must | aim | |", "|---|---|---|---|---|---|"]
    rows = [_row(line) for line in result.lines]
    notes = [f"* {note}" for note in result.notes]
    plots = [f"![{plot.title}](figures/{plot.name}.svg)" for plot in result.plots]
    return [*head, *rows, "", *notes, "", *plots]


def _row(line: Line) -> str:
    middle, least, most = map(shown, line.measured)
    sign = "≥" if line.more else "≤"
    must, aim = (f"{sign} {shown(bound)}" if bound is not None else "" for bound in (line.must, line.aim))
    unit = f" {line.unit}" if line.unit else ""
    return f"| {line.what} | {middle}{unit} | {least} – {most} | {must} | {aim} | {line.verdict} |"


def shown(number: float) -> str:
    """Three digits that count."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def drawn(plot: Plot) -> str:
    longest = max(value for _, value in plot.bars)
    height = 40 + BAR * len(plot.bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"',
        f' font-family="sans-serif" font-size="13"><title>{escape(plot.title)}</title>',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="8" y="20" font-weight="bold">{escape(plot.title)}</text>',
    ]
    for place, (label, value) in enumerate(plot.bars):
        y, width = 34 + BAR * place, max(1, (WIDTH - LABEL - 110) * value / longest)
        parts.append(
            f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR - 6}" fill="#0b6e99"/>'
            f'<text x="{LABEL + width + 6:.1f}" y="{y + 13}">{shown(value)} {escape(plot.unit)}</text>'
        )
    return "".join([*parts, "</svg>\n"])


def _where_and_when() -> str:
    described = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(described, cwd=HERE, capture_output=True, text=True, check=False).stdout.strip()
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    load = f"load {os.getloadavg()[0]:.1f} at the end"
    return (
        f"{when}, {commit or 'no commit'}, {os.cpu_count()} cores, Python {platform.python_version()}, {load}"
    )
