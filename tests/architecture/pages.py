"""The pages for people: which there are, what stands in code font on them, and the commands among that."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .worlds import ROOT

TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()
PAGES = [ROOT / name for name in TRACKED if name.endswith(".md") and "static" not in name]
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
SHELL = {"", "sh"}
PROGRAMS = ("python", "make", "docker", "rabbitmqctl", "curl")
NAMES_ONE = re.compile(rf"(?<![\w/.-])(?:\.venv/bin/)?({'|'.join(PROGRAMS)}) +\S")
ASSIGNMENT = re.compile(r"([A-Z_]+)=.*", re.DOTALL)


class Command(NamedTuple):
    """`python -m orders check` of `DATABASE_URL=… .venv/bin/python -m orders check`."""

    program: str
    words: list[str]

    def __str__(self) -> str:
        return shlex.join([self.program, *self.words])


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def words(page: Path) -> list[str]:
    """What stands in code font, outside of blocks."""
    return CODE.findall(BLOCK.sub("", page.read_text()))


def commands(page: Path) -> Iterator[Command]:
    """Every command of the programs that we know, in blocks and in code font, also where it is wrapped."""
    text = page.read_text()
    for language, block in BLOCK.findall(text):
        if language in SHELL:
            yield from commands_in(block)
    for paragraph in BLOCK.sub("", text).split("\n\n"):
        for span in re.findall(r"`([^`]+)`", paragraph):
            yield from commands_in(" ".join(span.split()))


def commands_in(script: str) -> Iterator[Command]:
    """The simple commands of a piece of shell, also inside of $(…) and (…)."""
    if not NAMES_ONE.search(script):
        return
    joined = re.sub(r"(^|\s)#\s.*$", "", script, flags=re.MULTILINE).replace("\\\n", " ")
    lexer = shlex.shlex(joined, posix=True, punctuation_chars="();|&\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    found: list[str] = []
    for word in [*lexer, "\n"]:
        if not set(word) <= set("();|&\n"):
            found.append(word)
            continue
        while found and (ASSIGNMENT.fullmatch(found[0]) or found[0] == "export"):
            found.pop(0)
        if found and (program := found[0].rpartition("/")[2]) in PROGRAMS and found[1:]:
            yield Command(program, found[1:])
        found = []
