"""A page is made of sections that are read at once; each says by itself that its service cannot be reached."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import SimpleNamespace
from typing import Any, NamedTuple

from portal.clients import Problem

_readers = ThreadPoolExecutor(16, thread_name_prefix="read")


class Section(NamedTuple):
    """What one service answered, or why it did not."""

    value: Any = None
    problem: Problem | None = None

    @property
    def ok(self) -> bool:
        return self.problem is None

    def or_else(self, other: Any) -> Any:
        return self.value if self.problem is None else other


def read(**asked: Callable[[], Any] | None) -> SimpleNamespace:
    """Ask everything at the same time; what is None (not permitted) becomes None.

    Refusals other than an absent service are raised: they concern the page, not a part of it.
    """
    running = {name: _readers.submit(copy_context().run, ask) for name, ask in asked.items() if ask}
    found: dict[str, Section | None] = dict.fromkeys(asked)
    for name, answer in running.items():
        try:
            found[name] = Section(answer.result())
        except Problem as problem:
            if not problem.unreachable:
                raise
            found[name] = Section(problem=problem)
    return SimpleNamespace(**found)
