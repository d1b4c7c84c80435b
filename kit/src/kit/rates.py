"""How often something may be done: `60/minute`, `300/15 minutes`, or `off`."""

import re
from collections.abc import Mapping

from limits import RateLimitItem, parse

OFF = "off"
PREFIX = "LIMIT_"
_NOTATION = re.compile(r"[1-9][0-9]{0,8}/([1-9][0-9]{0,3} )?(second|minute|hour|day)s?")

Rate = RateLimitItem | None  # None: no limit


def read(text: str) -> Rate:
    """Return the rate that a setting or a default names; ValueError when it names none."""
    if text == OFF:
        return None
    if not _NOTATION.fullmatch(text):
        raise ValueError(f"must be a rate like 60/minute or 300/15 minutes, or {OFF}, not {text!r}")
    return parse(text)


def settings(environment: Mapping[str, str]) -> dict[str, Rate]:
    """Return the rates that the variables LIMIT_<NAME> set, by the name of the limit."""
    rates = {}
    for variable, text in environment.items():
        if variable.startswith(PREFIX):
            try:
                rates[variable.removeprefix(PREFIX).lower().replace("_", "-")] = read(text)
            except ValueError as error:
                raise ValueError(f"{variable} {error}") from error
    return rates
