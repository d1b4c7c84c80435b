"""The question that is asked most, alone or in a batch, answered before Flask is: a third of the work.

Only what is plainly right is answered here. Everything else goes the usual way, which knows how to say no, so
there is one place for rules and refusals; a test holds both ways to the same answers.
"""

import io
import re
import time
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from flask import Flask

from entitlements import queries, schemas
from kit import auth, db, metrics, schema

GRANT = "entitlements:read"
NEEDED = itemgetter("account_id", "member_id", "feature")
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
PLAIN = re.compile(rf"{UUID} {UUID} [a-z0-9_.-]{{1,60}}")
HEADERS = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]

Environ = dict[str, Any]


class CheckShortcut:
    """WSGI around the app."""

    def __init__(self, app: Flask, verifier: auth.Verifier):
        self.usual, self.verifier = app.wsgi_app, verifier

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        route = environ["PATH_INFO"]
        if route not in ROUTES or environ["REQUEST_METHOD"] != "POST":
            return self.usual(environ, start_response)
        began, length = time.perf_counter(), environ.get("CONTENT_LENGTH") or ""
        if not length.isdigit() or int(length) > ROUTES[route].longest:
            return self.usual(environ, start_response)
        body = environ["wsgi.input"].read(int(length))
        answer = self._answer(ROUTES[route], environ, body)
        if answer is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return self.usual(environ, start_response)
        metrics.count_request("POST", route, 200, time.perf_counter() - began)
        start_response("200 OK", [*HEADERS, ("Content-Length", str(len(answer)))])
        return [answer]

    def _answer(self, route: "Route", environ: Environ, body: bytes) -> bytes | None:
        """None: whatever is wrong or unusual, the usual way meets it too and says it."""
        try:
            asked = orjson.loads(body)
            if not (self._may_ask(environ) and route.is_plain(asked)):
                return None
            with db.database.connection_context():
                return orjson.dumps(route.answer(asked))
        except Exception:
            return None

    def _may_ask(self, environ: Environ) -> bool:
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme != "Bearer" or environ.get("CONTENT_TYPE") != "application/json":
            return False
        caller = self.verifier.caller(token)
        return caller.account is None and GRANT in caller.grants


def _is_plain(question: Any) -> bool:
    if type(question) is not dict or len(question) != 3 + ("amount" in question):
        return False
    account, member, feature = NEEDED(question)  # a KeyError is one of the unusual things
    if not (type(account) is type(member) is type(feature) is str):
        return False
    amount = question.get("amount", 0)
    if type(amount) is not int or not 0 <= amount <= schema.LARGEST:
        return False
    return PLAIN.fullmatch(f"{account} {member} {feature}") is not None


def _are_plain(asked: Any) -> bool:
    if type(asked) is not dict or asked.keys() != {"checks"} or type(asked["checks"]) is not list:
        return False
    return 1 <= len(asked["checks"]) <= schemas.LONGEST_BATCH and all(map(_is_plain, asked["checks"]))


class Route(NamedTuple):
    longest: int  # bytes
    is_plain: Callable[[Any], bool]
    answer: Callable[[Any], dict[str, Any]]


ROUTES = {
    "/v1/checks": Route(1_000, _is_plain, lambda question: queries.check(question)._asdict()),
    "/v1/checks/batch": Route(
        200_000, _are_plain, lambda asked: {"items": queries.check_many(asked["checks"])}
    ),
}
