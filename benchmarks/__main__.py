"""python -m benchmarks [name …]: measure all, or these, and write REPORT.md."""

import sys
import time
from importlib import import_module

from benchmarks import report

# A module each, with TITLE and measure() -> report.Result.
NAMES = ("checks", "client", "effects", "relaying", "latency", "bulk", "checkout", "processes")


def main(wanted: list[str]) -> None:
    for name in wanted or NAMES:
        benchmark = import_module(f"benchmarks.{name}")
        print(f"{benchmark.TITLE} …", flush=True)
        began = time.monotonic()
        result = benchmark.measure()
        report.keep(name, benchmark.TITLE, result)
        for line in result.lines:
            print(f"  {line.what}: {report.shown(line.measured.middle)} {line.unit} {line.verdict}", flush=True)
        print(f"  {time.monotonic() - began:.0f} s", flush=True)
    report.write(NAMES)


if __name__ == "__main__":
    main(sys.argv[1:])
