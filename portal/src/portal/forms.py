"""What a POST leaves for the page it leads to: errors with what was typed, a toast, a place to go back to."""

import re
import uuid
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from flask import g, redirect, request, session
from werkzeug.wrappers import Response

from kit import smtp

MOST_KEPT = 300  # characters of one typed value that survive the way through the cookie
NEVER_KEPT = frozenset({"csrf_token", "key", "card"})
CARD_NUMBER = re.compile(r"(?:\d[ .-]?){12,18}\d")


class Held(NamedTuple):
    """What the last POST of this page complained about, and what was typed."""

    message: str
    errors: dict[str, str]
    typed: dict[str, Any]

    def value(self, name: str, otherwise: Any = "") -> Any:
        return self.typed.get(name, otherwise)


def local_path(path: str | None, otherwise: str = "/") -> str:
    """`path` if it leads to a page of ours; `//host`, `/\\host` and control characters lead out of it."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or len(path) > 1500:
        return otherwise
    parts = urlsplit(path)
    if parts.scheme or parts.netloc or not path.isprintable() or "\\" in path:
        return otherwise
    return path.removesuffix("?")


def quoted(path: str) -> str:
    return quote(local_path(path), safe="/")


def page_before() -> str:
    """The page of ours that the person came from."""
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc != request.host:
        return "/"
    return local_path(came_from.path + (f"?{came_from.query}" if came_from.query else ""))


def to(path: str) -> Response:
    """After a POST: go and see; refreshing that page repeats nothing."""
    return redirect(path, 303)


def back(path: str, message: str, errors: dict[str, str] | None = None) -> Response:
    """Back to the form with what was wrong, and with what was typed.

    The session cookie, which carries it, is signed but readable: payment fields stay out of it, and so does
    every value with a card number in it, in whichever field somebody typed it.
    """
    typed = {
        name: [value[:MOST_KEPT] for value in values] if len(values) > 1 else values[0][:MOST_KEPT]
        for name, values in request.form.lists()
        if name not in NEVER_KEPT and not any(map(has_card_number, values))
    }
    session["held"] = {
        "path": urlsplit(path).path,
        "message": str(message),
        "errors": {name: str(text) for name, text in (errors or {}).items()},
        "typed": typed,
    }
    return to(path)


def has_card_number(text: str) -> bool:
    """Whether the text has a run of 13 to 19 digits, spaced or dashed, whose Luhn checksum is right."""
    return any(_passes_luhn(re.sub(r"\D", "", match[0])) for match in CARD_NUMBER.finditer(text))


def _passes_luhn(digits: str) -> bool:
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    total = sum(map(int, digits[-1::-2])) + sum(value // 10 + value % 10 for value in doubled)
    return total % 10 == 0


def held() -> Held:
    """What `back` kept for this page; shown once."""
    if "held" not in g:
        kept = session.get("held")
        g.held = Held("", {}, {})
        if kept and kept["path"] == request.path:
            session.pop("held")
            g.held = Held(kept["message"], kept["errors"], kept["typed"])
    found: Held = g.held
    return found


def toast(text: str, undo: str = "", fields: dict[str, str] | None = None, kind: str = "done") -> None:
    """A word on what happened, on the next page; `undo` is the path that a POST of `fields` goes to."""
    session["toast"] = {"text": str(text), "undo": undo, "fields": fields or {}, "kind": kind}


def take_toast() -> dict[str, Any] | None:
    """Parts of pages that are fetched by script leave it for the next whole page."""
    if request.headers.get("HX-Request") or request.headers.get("X-Part"):
        return None
    found: dict[str, Any] | None = session.pop("toast", None)
    return found


def new_key() -> str:
    """A key for each rendered form: sending the same form twice is one act."""
    return str(uuid.uuid4())


def key() -> str:
    """The form's key; a form that lost it gets one that nobody else has."""
    try:
        return str(uuid.UUID(request.form.get("key", "")))
    except ValueError:
        return new_key()


def address(name: str) -> str:
    """The e-mail address in a field, whether it was typed or pasted with a name around it."""
    return smtp.pasted_address(request.form.get(name, ""))


def whole(name: str, least: int, most: int) -> int | None:
    """A whole number between the two, inclusive; None for anything else."""
    typed = request.form.get(name, "").strip()
    if not typed.isascii() or not typed.isdigit() or len(typed) > 9:
        return None
    number = int(typed)
    return number if least <= number <= most else None
