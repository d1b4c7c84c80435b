"""What settings may be. A wrong one is one plain line that names it and its rule, and never its value.

Values hold passwords, so they are neither printed nor passed on to a library that would print them.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit


class Rule(NamedTuple):
    """Whether a text is allowed, and what it must be, in words."""

    allows: Callable[[str], bool]
    says: str


def whole(least: int, most: int = 10**9) -> Rule:
    return Rule(lambda text: least <= int(text) <= most, f"a whole number from {least} to {most}")


def seconds(*, zero: bool = False) -> Rule:
    """A number above 0, or from 0 on."""

    def allows(text: str) -> bool:
        number = float(text)
        return math.isfinite(number) and (number > 0 or (zero and number == 0))

    return Rule(allows, "a number of seconds above 0" + (", or 0" if zero else ""))


def one_of(*words: str) -> Rule:
    """One of these words, in any case."""
    known = [word.lower() for word in words]
    return Rule(lambda text: text.lower() in known, f"{', '.join(words[:-1])} or {words[-1]}")


def url(*schemes: str, empty: bool = False, word: str | None = None) -> Rule:
    """An address with one of these schemes; `word` is allowed instead."""
    instead = f", or {word}" if word else ""
    says = f"a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}{instead}"
    hint = "; write special characters of a password as %40 and so on"

    def allows(text: str) -> bool:
        if text == word or (empty and not text):
            return True
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname or parts.path.strip("/")) and parts.port != 0

    return Rule(allows, says + hint)


HTTP = url("http", "https")
LEVELS = one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
PORT = whole(1, 65535)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f.:]*:[0-9A-Fa-f.]*:[0-9A-Fa-f.:]*")
HOST = Rule(lambda text: bool(_HOST.fullmatch(text)), "an address or a name of this machine")
COMMON: dict[str, Rule] = {
    "HOST": HOST,
    "PORT": PORT,
    "METRICS_PORT": whole(0, 65535),
    "THREADS": whole(1, 1000),
    "LOG_LEVEL": LEVELS,
    "LOOK_EVERY": seconds(),
    "STOP_AFTER": seconds(),
    "TRUSTED_PROXIES": whole(0, 100),
    "REQUEST_TIMEOUT": seconds(),
    "CONNECTIONS": whole(1, 1_000_000),
    "BROKER_URL": url("amqp", "amqps", word="none"),
    "DATABASE_URL": url("sqlite", "postgresql", "postgres", empty=True),
}


def check(environment: Mapping[str, str], rules: Mapping[str, Rule]) -> None:
    """Raise ValueError for the first of these variables that breaks its rule."""
    for name, rule in rules.items():
        if name in environment:
            try:
                allowed = rule.allows(environment[name])
            except ValueError:
                allowed = False
            if not allowed:
                raise ValueError(f"{name} must be {rule.says}")
