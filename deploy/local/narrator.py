"""How the tour tells what happens: words, the call, the answer that matters, events, e-mails."""

import json
from typing import Any

from rich.console import Console
from rich.text import Text


class Narrator:
    """Colour only on a terminal; lines are never broken, so that they can be searched and copied."""

    def __init__(self, console: Console | None = None):
        self.console = console or Console(highlight=False, markup=False)
        self.step_number = 0

    def step(self, words: str) -> None:
        self.step_number += 1
        self._line(("\n", ""), (f"{self.step_number}. ", "bold cyan"), (words, "bold"))

    def call(self, service: str, method: str, path: str, body: Any, status: int) -> None:
        shown = "" if body is None else " " + json.dumps(body, ensure_ascii=False)
        style = "green" if status < 400 else "yellow"
        where = ((f"   → {service} ", "dim"), (f"{method} {path}", "cyan"))
        self._line(*where, (shown, ""), (f"  {status}", style))

    def answer(self, text: str) -> None:
        self._line(("     ", ""), (text, ""))

    def event(self, event: dict[str, Any], seconds: float) -> None:
        where = f"  {event['source']} #{event['sequence']}, {seconds:.2f} s after the call"
        self._line(("   ⚡ ", "yellow"), (event["type"], "yellow"), (where, "dim"))

    def mail(self, message: dict[str, Any]) -> None:
        self._line(("   ✉ ", "magenta"), (f"to {message['to']}: ", ""), (message["subject"], "bold magenta"))
        for line in message["text"].strip().splitlines()[2:]:
            self._line(("     │ ", "dim"), (line, ""))

    def plain(self, text: str) -> None:
        self._line((text, ""))

    def done(self, text: str) -> None:
        self._line(("\n", ""), (text, "bold green"))

    def failed(self, text: str) -> None:
        self._line(("\n", ""), (text, "bold red"))

    def _line(self, *pieces: tuple[str, str]) -> None:
        self.console.print(Text.assemble(*pieces), soft_wrap=True)


def money(minor: int, currency: str) -> str:
    """The tour's currencies have two decimals."""
    return f"{minor // 100}.{minor % 100:02d} {currency}"
