"""The browser that a person signs in with: what it is in words, and the id that it keeps."""

import re
import uuid

import ua_parser
from flask import Response, current_app, g, request

KEPT = 400 * 24 * 3600  # seconds, the longest that browsers keep a cookie
LONGEST = 500  # characters of a User-Agent that are worth a look: parsing takes longer than linear time
ID = re.compile(r"[0-9a-f]{32}")


def describe(user_agent: str) -> str | None:
    """Browser and system in words, such as `Firefox, Linux`; None when the header tells neither."""
    parsed = ua_parser.parse(user_agent[:LONGEST])
    families = [part.family for part in (parsed.user_agent, parsed.os) if part is not None]
    return ", ".join(families)[:100] or None


def this() -> dict[str, str | None]:
    """What entitlements asks about the browser of this request, which keeps its id from now on."""
    known = request.cookies.get(_cookie(), "")
    g.browser = known if ID.fullmatch(known) else uuid.uuid4().hex
    return {"browser": g.browser, "device": describe(request.headers.get("User-Agent", ""))}


def keep(answer: Response) -> None:
    """Set the cookie by which the browser is known; it signs nobody in."""
    if "browser" in g:
        secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        answer.set_cookie(
            _cookie(), g.browser, max_age=KEPT, path="/", secure=secure, httponly=True, samesite="Lax"
        )


def _cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-browser"
