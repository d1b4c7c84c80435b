"""The code of the units as text: which files there are."""

from collections.abc import Iterator
from pathlib import Path

from .worlds import ROOT, SERVICES

UNITS = {
    "kit": ROOT / "kit" / "src" / "kit",
    **{service: ROOT / "services" / service / "src" / service for service in SERVICES},
    "portal": ROOT / "portal" / "src" / "portal",
    "secure-messages": ROOT / "examples" / "secure-messages" / "src" / "secure_messages",
    "deploy": ROOT / "deploy",
}


def files(*units: str) -> Iterator[Path]:
    """The Python files of the units, of all without any."""
    for unit in units or UNITS:
        yield from sorted(UNITS[unit].rglob("*.py"))
