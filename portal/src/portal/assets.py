"""Static files: addressed by their content, compressed once, kept by browsers for a year."""

import gzip
import hashlib
import mimetypes
from functools import cache
from importlib import resources
from typing import NamedTuple

from flask import Blueprint, Response, abort, request

from portal import session

FOLDER = resources.files("portal").joinpath("static")
COMPRESSED = (".css", ".js", ".svg")

blueprint = Blueprint("assets", __name__)


class Asset(NamedTuple):
    content: bytes
    compressed: bytes | None
    digest: str
    type: str


@cache
def asset(name: str) -> Asset | None:
    """A file of static/, read once."""
    file = FOLDER.joinpath(name)
    if "/" in name or name.startswith(".") or not file.is_file():
        return None
    content = file.read_bytes()
    compressed = gzip.compress(content, 9, mtime=0) if name.endswith(COMPRESSED) else None
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(content, compressed, hashlib.sha256(content).hexdigest()[:12], kind)


def path(name: str) -> str:
    """Where a page finds the file; the path changes with the content."""
    found = asset(name)
    if found is None:
        raise FileNotFoundError(name)
    return f"/static/{found.digest}/{name}"


@blueprint.get("/static/<digest>/<name>")
@session.public
def static(digest: str, name: str) -> Response:
    found = asset(name)
    if found is None:
        abort(404)
    zipped = found.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", "")
    answer = Response(found.compressed if zipped else found.content, content_type=found.type)
    if zipped:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
    kept = "public, max-age=31536000, immutable" if digest == found.digest else "no-cache"
    answer.headers["Cache-Control"] = kept
    return answer
