"""The question that is asked most, answered before Flask is: a third of the work.

Only what is plainly right is answered here. Everything else goes the usual way, which knows how to say no, so
there is one place for rules and refusals; a test holds both ways to the same answers.
"""

import io
import json
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from entitlements import queries
from kit import auth, db, metrics, schema

ROUTE, GRANT = "/v1/checks", "entitlements:read"
LARGEST_QUESTION = 1_000  # bytes
NEEDED, ALLOWED = {"account_id", "member_id", "feature"}, {"account_id", "member_id", "feature", "amount"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FEATURE = re.compile(r"[a-z0-9_.-]{1,60}")
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
        if environ["PATH_INFO"] != ROUTE or environ["REQUEST_METHOD"] != "POST":
            return self.usual(environ, start_response)
        began, length = time.perf_counter(), environ.get("CONTENT_LENGTH") or ""
        if not length.isdigit() or int(length) > LARGEST_QUESTION:
            return self.usual(environ, start_response)
        body = environ["wsgi.input"].read(int(length))
        answer = self._answer(environ, body)
        if answer is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return self.usual(environ, start_response)
        metrics.REQUESTS.labels("POST", ROUTE, 200).observe(time.perf_counter() - began)
        start_response("200 OK", [*HEADERS, ("Content-Length", str(len(answer)))])
        return [answer]

    def _answer(self, environ: Environ, body: bytes) -> bytes | None:
        """None: whatever is wrong or unusual, the usual way meets it too and says it."""
        try:
            question = json.loads(body)
            if not (self._may_ask(environ) and _is_plain(question)):
                return None
            with db.database.connection_context():
                verdict = queries.check(question)
        except Exception:
            return None
        return json.dumps(verdict._asdict()).encode()

    def _may_ask(self, environ: Environ) -> bool:
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme != "Bearer" or environ.get("CONTENT_TYPE") != "application/json":
            return False
        caller = self.verifier.caller(token)
        return caller.account is None and GRANT in caller.grants


def _is_plain(question: Any) -> bool:
    if type(question) is not dict or not NEEDED <= question.keys() <= ALLOWED:
        return False
    account, member, feature = question["account_id"], question["member_id"], question["feature"]
    if not (type(account) is type(member) is type(feature) is str):
        return False
    amount = question.get("amount", 0)
    return bool(
        UUID.fullmatch(account)
        and UUID.fullmatch(member)
        and FEATURE.fullmatch(feature)
        and type(amount) is int
        and 0 <= amount <= schema.LARGEST
    )
