"""SECURITY.md promises what tests hold, chapter by chapter."""

import re

from .worlds import ROOT

TEXT = (ROOT / "SECURITY.md").read_text()
NAMED = re.findall(r"`([\w/.-]+\.py)::(test_\w+)`", TEXT)


def test_each_promise_names_a_test_that_exists():
    missing = [
        f"{file}::{name}"
        for file, name in NAMED
        if not (ROOT / file).exists() or f"def {name}(" not in (ROOT / file).read_text()
    ]

    assert missing == []


def test_each_chapter_says_what_is_met_by_tests_or_not_used():
    chapters = re.split(r"^## (?=V\d)", TEXT, flags=re.MULTILINE)[1:]
    assert [chapter.split()[0] for chapter in chapters] == [f"V{number}" for number in range(1, 18)]
    assert [one.splitlines()[0] for one in chapters if "::test_" not in one and "Not used." not in one] == []
    for chapter in chapters:
        for promise in re.split(r"^\* ", chapter, flags=re.MULTILINE)[1:]:
            assert "::test_" in promise or promise.startswith("*Not yet*"), promise
