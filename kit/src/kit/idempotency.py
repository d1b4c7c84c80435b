"""A POST sent twice with the same Idempotency-Key takes effect once and gets the same answer."""

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import peewee
from flask import Response, make_response, request

from kit import auth, clock, db
from kit.errors import refuse

F = TypeVar("F", bound=Callable[..., Any])
KEPT = 7 * 24 * 3600 * clock.SECOND


class IdempotencyKey(db.Table):
    """The answer to one request, unique per caller, account, route and key."""

    scope = peewee.TextField(primary_key=True)
    request_hash = peewee.TextField()  # of the bytes, which release 0.1 compares
    content_hash = peewee.TextField(null=True)  # of what they say; null: release 0.1 wrote the row
    status = peewee.IntegerField(null=True)
    body = peewee.TextField(null=True)
    created_at = db.Instant(index=True)


def once(view: F) -> F:
    """Store the answer in the transaction of the effect; a refusal stores nothing, so it may be tried again.

    Goes on the outside of `arguments` and `response`; not for routes that talk to an outside system.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(*args, **kwargs)
        with db.atomic():
            return _first(key) or _remember(key, make_response(view(*args, **kwargs)))

    wrapper.once = True  # type: ignore[attr-defined]
    return wrapper  # type: ignore[return-value]


def _scope(key: str) -> str:
    if not re.fullmatch("[!-~]{1,200}", key):
        refuse("idempotency-key-invalid", "Idempotency-Key: 1 to 200 visible ASCII characters.", status=400)
    caller = auth.caller()
    return "\n".join([caller.actor, caller.account or "", request.method, request.path, key])


def _first(key: str) -> Response | None:
    """None when this request is the first with its key, which it claims; the stored answer otherwise."""
    body = request.get_data(cache=True)
    asked, content = _hash(body), _hash(_canonical(body))
    claim = IdempotencyKey.insert(
        scope=_scope(key), request_hash=asked, content_hash=content, created_at=clock.now()
    )
    if db.changed_one(claim.on_conflict_ignore()):
        return None
    stored = IdempotencyKey.get_by_id(_scope(key))
    if stored.request_hash != asked and stored.content_hash != content:
        refuse("idempotency-key-reused", "This Idempotency-Key came with another body.", status=422)
    return Response(stored.body, stored.status, content_type="application/json")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _canonical(body: bytes) -> bytes:
    """The body without what says nothing in JSON: spaces, the order of keys; as it is when it is no JSON."""
    try:
        return json.dumps(json.loads(body), sort_keys=True).encode()
    except (ValueError, RecursionError):
        return body


def _remember(key: str, answer: Response) -> Response:
    storing = IdempotencyKey.update(status=answer.status_code, body=answer.get_data(as_text=True))
    storing.where(IdempotencyKey.scope == _scope(key)).execute()
    return answer


def forget_old() -> None:
    """A job: answers are kept for seven days."""
    with db.atomic():
        IdempotencyKey.delete().where(IdempotencyKey.created_at < clock.now() - KEPT).execute()
