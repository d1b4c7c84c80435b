"""Limits on how often a caller may do what costs, counted in the service's own database.

The library `limits` has the notation and the strategy, a fixed window that begins with a caller's
first request: a count is one row, whatever the limit. All processes of a service share the table.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import peewee
from flask import Response, after_this_request, current_app, has_request_context
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from kit import addresses, auth, clock, context, db, rates
from kit.errors import Refusal

F = TypeVar("F", bound=Callable[..., Any])

SETTINGS = "kit.limits"  # in app.extensions: rates by the name of the limit, instead of the defaults
PURGED_AT_ONCE = 1_000  # rows; SQLite's other writers wait for so long

# The row lock lasts for this one statement, and the first request of a window begins it.
_COUNT = """
INSERT INTO limit_counts (key, count, expires_at) VALUES ({0}, {0}, {0})
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN limit_counts.expires_at <= {0} THEN 0 ELSE limit_counts.count END + excluded.count,
    expires_at = CASE WHEN limit_counts.expires_at <= {0} THEN excluded.expires_at
                 ELSE limit_counts.expires_at END
RETURNING count, expires_at
"""


class LimitCount(db.Table):
    """How often one caller used one limit in the window that ends at `expires_at`."""

    key = peewee.TextField(primary_key=True)
    count = peewee.BigIntegerField()
    expires_at = db.Instant(index=True)


class TableStorage(Storage):
    """The storage of the library `limits`, over the table; each row is read once in its life."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, tuple[int, int]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        return peewee.PeeweeException

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = clock.now()
        values = (key, amount, now + expiry * clock.SECOND, now, now)
        with db.alone():
            counting = db.database.execute_sql(_COUNT.format(db.database.param), values)
            self._rows[key] = counting.fetchone()
        return self._rows[key][0]

    def get(self, key: str) -> int:
        return self._row(key)[0]

    def get_expiry(self, key: str) -> float:
        return self._row(key)[1] / clock.SECOND

    def check(self) -> bool:
        return bool(db.database.execute_sql("SELECT 1").fetchone())

    def reset(self) -> int | None:
        with db.alone():
            return int(LimitCount.delete().execute())

    def clear(self, key: str) -> None:
        with db.alone():
            LimitCount.delete().where(LimitCount.key == key).execute()
        self._rows.pop(key, None)

    def _row(self, key: str) -> tuple[int, int]:
        """Return the count and the end of its window, which is now where nothing was counted."""
        if key not in self._rows:
            now = clock.now()
            current = (LimitCount.key == key) & (LimitCount.expires_at > now)
            row = LimitCount.select(LimitCount.count, LimitCount.expires_at).where(current).tuples().first()
            self._rows[key] = row or (0, now)
        return self._rows[key]


@dataclass(frozen=True)
class Limit:
    """A limit by its name; the setting LIMIT_<NAME> replaces the default rate."""

    name: str
    default: str

    @property
    def rate(self) -> rates.Rate:
        replaced = current_app.extensions.get(SETTINGS, {}) if current_app else {}
        return replaced[self.name] if self.name in replaced else rates.read(self.default)

    def spend(self, principal: str) -> None:
        """Count one use by `principal`, say in the answer what is left, or refuse with 429.

        A refusal costs one read. Counting is a transaction of its own, so that the row is not locked
        while the request does its work, and a request that fails counts too.
        """
        window = self.count(principal)
        if window and has_request_context():
            after_this_request(window.add_headers)
        if window and not window.within:
            raise TooManyRequests(self.name, window.seconds)

    def count(self, principal: str) -> "Window | None":
        """Count one use unless the rate is reached; None when the limit is off."""
        rate = self.rate
        if rate is None:
            return None
        if db.database.in_transaction():
            raise RuntimeError(f"the limit {self.name} would keep its row locked for the request's transaction")
        limiter, who = FixedWindowRateLimiter(TableStorage()), self._key(principal)
        within = limiter.test(rate, *who) and limiter.hit(rate, *who)
        ends, remaining = limiter.get_window_stats(rate, *who)
        seconds = max(1, -(-(round(ends * clock.SECOND) - clock.now()) // clock.SECOND))
        return Window(self.name, rate.amount, rate.get_expiry(), within, remaining, seconds)

    def forget(self, principal: str) -> None:
        """Begin the window of `principal` again."""
        if rate := self.rate:
            FixedWindowRateLimiter(TableStorage()).clear(rate, *self._key(principal))

    def _key(self, principal: str) -> tuple[str, str]:
        """Return the identifiers of a row: a digest, since callers are people and their addresses."""
        digest = hashlib.sha256(principal.encode("utf-8", "surrogatepass")).hexdigest()
        return self.name, digest


class Window(NamedTuple):
    """What a caller may still do of a limit, and in how many seconds the window ends."""

    name: str
    quota: int
    length: int
    within: bool
    remaining: int
    seconds: int

    def add_headers(self, answer: Response) -> Response:
        """Add RateLimit-Policy and RateLimit as in draft-ietf-httpapi-ratelimit-headers-10."""
        answer.headers.add("RateLimit-Policy", f'"{self.name}";q={self.quota};w={self.length}')
        answer.headers.add("RateLimit", f'"{self.name}";r={self.remaining};t={self.seconds}')
        return answer


class TooManyRequests(Refusal):
    """A caller reached the limit of that name."""

    status = 429

    def __init__(self, limit: str, seconds: int):
        detail = f"The limit was reached. Try again in {seconds} seconds."
        super().__init__("too-many-requests", detail, retry_after=seconds, limit=limit)


def per_principal(rate: str, *, name: str) -> Callable[[F], F]:
    """Limit a route for each member, and for each issuer of tokens without an account.

    Goes between `auth.allow` and `idempotency.once`: the count is no part of the transaction there.
    """
    return _limited(Limit(name, rate), principal)


def per_address(rate: str, *, name: str) -> Callable[[F], F]:
    """Limit a route for each network address, or /64 of IPv6."""
    return _limited(Limit(name, rate), lambda: addresses.network(context.current().address))


def principal() -> str:
    """Return who counts as one caller: an issuer may name any number of subjects."""
    caller = auth.caller()
    return f"{caller.account}:{caller.id}" if caller.account else caller.issuer


def limit_of(view: Callable[..., Any]) -> Limit | None:
    """Return the limit that a decorator here set on the view."""
    limit: Limit | None = getattr(view, "limit", None)
    return limit


def _limited(limit: Limit, of: Callable[[], str]) -> Callable[[F], F]:
    rates.read(limit.default)

    def decorate(view: F) -> F:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            limit.spend(of())
            return view(*args, **kwargs)

        wrapper.limit = limit  # type: ignore[attr-defined]
        return wrapper  # type: ignore[return-value]

    return decorate


def forget_expired() -> bool:
    """Delete windows that ended, as a job; return whether there are more."""
    ended = LimitCount.select(LimitCount.key).where(LimitCount.expires_at <= clock.now())
    with db.atomic():
        deleted = LimitCount.delete().where(LimitCount.key.in_(ended.limit(PURGED_AT_ONCE))).execute()
    return bool(deleted == PURGED_AT_ONCE)
