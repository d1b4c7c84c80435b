"""What people may use, in words and rules. Pure: no file, no network."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Value = bool | int | str  # of a feature: a flag, a limit, a choice
Features = Mapping[str, Value]

ACTIVE, GRACE, SUSPENDED = "active", "grace", "suspended"  # a license


class Grant(NamedTuple):
    """What one license allows. `rank` orders plans from lower to higher."""

    plan: str
    rank: int
    status: str
    features: Features


class License(NamedTuple):
    """The highest plan that a member holds, its status, and what all their licenses allow together."""

    plan: str
    status: str
    features: Features


class Answer(NamedTuple):
    """True or false, and why.

    `reason`: ok, grace (allowed, the account has to pay), suspended, no-license, feature-not-in-plan,
    limit-exceeded; or, not from the licenses: stale (older than your limit), unknown (nothing was ever heard).
    `value`: what the plan says about the feature. `as_of`: when that was last known of the member's account, in
    seconds since 1970.
    """

    allowed: bool
    reason: str
    value: Any
    as_of: float

    def __bool__(self) -> bool:
        return self.allowed

    @property
    def age(self) -> float:
        """Seconds since this was last known to be so."""
        return time.time() - self.as_of


class Stale(NamedTuple):
    """What to say once nothing was heard for longer than `after` seconds."""

    after: float
    allowed: bool


def fail_open(after: float) -> Stale:
    """Allow when nothing was heard for `after` seconds: the person should not suffer."""
    return Stale(after, True)


def fail_closed(after: float) -> Stale:
    """Refuse when nothing was heard for `after` seconds: what is protected should not suffer."""
    return Stale(after, False)


class Holding:
    """All that a member holds. Shared by everybody who holds the same, so a million members cost little.

    `answers`: feature → the answer, before any amount is compared; made anew whenever `as_of` moves, so that a
    question finds its answer ready.
    """

    __slots__ = ("answers", "as_of", "license", "plans")

    def __init__(self, grants: Iterable[Grant], as_of: float):
        by_rank = sorted(grants, key=lambda grant: (grant.status != SUSPENDED, grant.rank, grant.plan))
        usable = [grant for grant in by_rank if grant.status != SUSPENDED] or by_rank
        plan, _, status, _ = by_rank[-1]
        self.plans = [grant.plan for grant in by_rank]
        self.license = License(plan, status, combined(grant.features for grant in usable))
        self.renew(as_of)

    def renew(self, as_of: float) -> None:
        """The same is still so at that instant."""
        self.as_of = as_of
        _, status, features = self.license
        self.answers = {code: Answer(*_rule(status, value), as_of) for code, value in features.items()}


def exceeds(amount: int, value: Value) -> bool:
    """Whether that much of a feature is more than its limit; only numbers are limits."""
    if type(amount) is not int or amount < 0:
        raise ValueError(f"an amount is a whole number, 0 at least, and not {amount!r}")
    return type(value) is int and amount > value


def combined(features: Iterable[Features]) -> dict[str, Value]:
    """Of several licenses, given by ascending rank: the flag that is set, the larger number, the choice of the
    highest plan."""
    together: dict[str, Value] = {}
    for one in features:
        for code, value in one.items():
            known, told = together.get(code), value
            if isinstance(known, int) and isinstance(told, int):
                told = max(known, told)
            together[code] = told
    return together


def _rule(status: str, value: Value) -> tuple[bool, str, Value]:
    if status == SUSPENDED:
        return False, SUSPENDED, value
    if not value:
        return False, "feature-not-in-plan", value
    return True, GRACE if status == GRACE else "ok", value
