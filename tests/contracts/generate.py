"""Writes every file that is made from the contracts or from what the services say of themselves.

make contracts                              writes them, and says whom a change breaks
python -m contracts.generate --check        exits 1 when one differs from what it should be
"""

import sys
from pathlib import Path

from contracts import asyncapi, openapi, pages, summaries

ROOT = Path(__file__).parents[2]
MAKERS = (openapi, summaries, asyncapi, pages)  # the pages read what those before them write


def main(arguments: list[str]) -> int:
    differing = [path for maker in MAKERS for path in _differing(maker.texts(), write=arguments != ["--check"])]
    for path in differing:
        print(f"{path.relative_to(ROOT)} differs: run make contracts" if arguments else path.relative_to(ROOT))
    return int(bool(arguments and differing))


def _differing(wanted: dict[Path, str], *, write: bool) -> list[Path]:
    found = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in found if write else ():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path])
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
