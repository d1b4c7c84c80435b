"""Who is signed in: a signed cookie with a reading of the person's permissions, and who may see which page."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, session
from werkzeug.wrappers import Response

from kit import clock
from portal import forms
from portal.clients import Json, OfAccount, Problem, Services

LIFETIME = 12 * 3600  # seconds that the browser keeps the cookie; entitlements says when the session ends
FRESH = 300  # a reading of permissions is believed for so long,
STALE = 3600  # and for so long while entitlements cannot be reached
RETRY = 15  # seconds between looks at an entitlements that cannot be reached
SEES_OWN_PAGE = frozenset({"account:read"})
PUBLIC = ()  # the access of a page that asks for no permission

F = TypeVar("F", bound=Callable[..., Any])


class Me(NamedTuple):
    """The person signed in, as read from entitlements at most five minutes ago.

    `session` names their session, which began at `since` (microseconds since 1970, by the clock of
    entitlements) and lasts `until` then (seconds).
    """

    id: str
    account: str
    session: str
    since: int
    until: int
    name: str
    email: str
    locale: str
    roles: list[str]
    permissions: frozenset[str]
    account_name: str
    time_zone: str
    currency: str

    def may(self, *permissions: str) -> bool:
        """Whether any of these is permitted."""
        return not self.permissions.isdisjoint(permissions)

    @property
    def manages(self) -> bool:
        """Whether there is more to see than the own page."""
        return bool(self.permissions - SEES_OWN_PAGE)


def services() -> Services:
    found: Services = current_app.extensions["services"]
    return found


def suite() -> OfAccount:
    """The services as the person signed in may use them."""
    if "suite" not in g:
        g.suite = services().of_account(g.me.account, g.me.id, g.me.permissions)
    found: OfAccount = g.suite
    return found


def sign_in(began: Json) -> None:
    """Take over a session that entitlements began; what the browser had before ends."""
    language = session.get("language")
    _end_session()
    session.clear()
    session["who"] = {
        "id": began["member"]["id"],
        "account": began["account_id"],
        "session": began["session_id"],
        "since": clock.from_text(began["started_at"]),
        "until": clock.from_text(began["expires_at"]) // clock.SECOND,
    }
    session["language"] = language
    session.permanent = True
    _read()


def sign_out() -> bool:
    """Forget the session here and end it for all copies of the cookie; whether that was possible."""
    ended = _end_session()
    session.clear()
    return ended


def _end_session() -> bool:
    try:
        if former := session.get("who", {}).get("session"):
            services().door().sign_out(former)
    except Problem as problem:
        return not problem.unreachable
    return True


def read_again() -> None:
    """Permissions may have changed just now: the next page looks."""
    if "seen" in session:
        session["seen"] = {**session["seen"], "at": 0, "tried": 0}


def _read() -> None:
    """Read the person and the account; refused when the session has ended."""
    reading = services().door().read_session(session["who"]["session"])
    member, account = reading["member"], reading["account"]
    session["seen"] = {
        "at": int(time.time()),
        **{name: member[name] for name in ("name", "email", "locale", "roles", "permissions")},
        **{name: account[name] for name in ("time_zone", "currency")},
        "account_name": account["name"],
    }


def load(fresh: bool = False) -> None:
    """Load the person who is asking.

    The reading of permissions is renewed when it is older than five minutes, or when the request needs a
    `fresh` one. While entitlements cannot be reached, a reading counts for an hour more, for a request that
    needs a fresh one for five minutes in all.
    """
    g.me = None
    who, seen = session.get("who"), session.get("seen")
    now = int(time.time())
    if not who or "session" not in who or now > who["until"]:  # cookies of release 0.1 name no session
        if who:
            session.clear()
        return
    old = seen and now - seen["at"] > FRESH and now - seen.get("tried", 0) > RETRY
    if fresh or old or not seen:
        try:
            _read()
        except Problem as problem:
            if not problem.unreachable:
                session.clear()
                return
            session["seen"] = {**(seen or {"at": 0}), "tried": now}
        seen = session["seen"]
    if "name" in seen:
        max_age = FRESH if fresh else STALE + FRESH
        permitted = seen["permissions"] if now - seen["at"] <= max_age else ()
        g.me = _me(who, seen, permitted)


def _me(who: Json, seen: Json, permitted: Any) -> Me:
    known = {name: seen[name] for name in Me._fields if name in seen and name != "permissions"}
    return Me(**who, permissions=frozenset(permitted), **known)


def public(view: F) -> F:
    """The page is for everybody."""
    view.access = PUBLIC  # type: ignore[attr-defined]
    return view


def signed_in(view: F) -> F:
    """The page is for everybody of an account."""
    return allow("account:read")(view)


def allow(*permissions: str) -> Callable[[F], F]:
    """The page is for people with one of these permissions."""

    def mark(view: F) -> F:
        view.access = permissions  # type: ignore[attr-defined]
        return view

    return mark


def exports(view: F) -> F:
    """Mark a page that hands out more than a screen: permissions are read again before it."""
    view.exports = True  # type: ignore[attr-defined]
    return view


def _needs_fresh_permissions(app: Flask) -> bool:
    """Whether the request changes something or exports: a role taken a moment ago must not do that."""
    view = app.view_functions[request.endpoint or ""]
    return request.method not in ("GET", "HEAD", "OPTIONS") or hasattr(view, "exports")


def guard(app: Flask) -> None:
    """Before every request: who is it, and is the page for them? A page that does not say so is for nobody."""

    @app.before_request
    def check() -> Response | None:
        if request.endpoint is None:
            load()
            return None
        access = getattr(app.view_functions[request.endpoint], "access", None)
        if access is None:
            abort(403)
        if request.endpoint in app.config["WITHOUT_SESSION"]:
            return None
        load(fresh=access != PUBLIC and _needs_fresh_permissions(app))
        if access == PUBLIC:
            return None
        if g.me is None:
            asked = request.full_path if request.method == "GET" else forms.page_before()
            return redirect(f"/sign-in?next={forms.quoted(asked)}", 303)
        if not g.me.permissions:
            abort(503)
        if not g.me.may(*access):
            route = f"{request.method} {request.url_rule}"[:200]
            services().door().note_refusal(g.me.id, "permission", route=route, needed=sorted(access))
            abort(403)
        return None
