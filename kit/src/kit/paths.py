"""Paths of requests to other units, made of segments: what a person typed stays one segment.

Servers decode %2F before they route, and proxies and clients resolve `..`, so to encode is not enough:
a segment that could lead to another path is refused.
"""

from urllib.parse import quote

LONGEST = 200  # characters of a segment


class Path(str):
    """A path that `of` made; clients take no other."""

    __slots__ = ()


class NoSegment(ValueError):
    """The text cannot be a segment, so there is nothing of that name."""


def of(*segments: str) -> Path:
    """Return /v1/ and the encoded segments; NoSegment when one is none."""
    return Path("/v1/" + "/".join(map(_encoded, segments)))


def _encoded(segment: str) -> str:
    if segment in ("", ".", "..") or "/" in segment or len(segment) > LONGEST or not segment.isprintable():
        raise NoSegment(f"{segment[:LONGEST]!r} cannot be a part of a path")
    return quote(segment, safe="")
