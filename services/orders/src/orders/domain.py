"""Orders in words and rules: states and allowed moves, line amounts, terms, the account's day."""

import calendar
from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, NoReturn, Protocol
from zoneinfo import ZoneInfo

from kit.errors import refuse

MONTHS = {"month": 1, "year": 12}
PROVIDERS = ("sandbox",)
MOST_SEATS, MOST_LINES = 10_000, 50  # in one purchase; a line becomes one license.issued
DAY = 24 * 3600 * 1_000_000  # microseconds

# States of an order.
AWAITING_PAYMENT, PROCESSING, REQUIRES_ACTION = "awaiting_payment", "processing", "requires_action"
PAID, FULFILLED = "paid", "fulfilled"
EXPIRED, FAILED, CANCELED, REFUNDED = "expired", "failed", "canceled", "refunded"

# Every attempt to pay is claimed as `processing` before the provider hears of it; a declined one leads
# back to `awaiting_payment`. The provider may say `captured` after it was last heard to require action.
MOVES = {
    AWAITING_PAYMENT: {PROCESSING, EXPIRED, FAILED, CANCELED},
    PROCESSING: {AWAITING_PAYMENT, REQUIRES_ACTION, PAID, EXPIRED, FAILED},
    REQUIRES_ACTION: {AWAITING_PAYMENT, PROCESSING, PAID, EXPIRED, FAILED, CANCELED},
    PAID: {FULFILLED, REFUNDED},
    FULFILLED: {REFUNDED},
    EXPIRED: set(),
    FAILED: set(),
    CANCELED: set(),
    REFUNDED: set(),
}
OPEN = (AWAITING_PAYMENT, PROCESSING, REQUIRES_ACTION)
ANSWERED = (PROCESSING, REQUIRES_ACTION, PAID, FULFILLED)  # Pay has been pressed and needs no second press

# What a subscription gives: all, all and nothing new, nothing.
ACTIVE, GRACE, SUSPENDED = "active", "grace", "suspended"
STANDINGS = {ACTIVE: {GRACE, SUSPENDED}, GRACE: {ACTIVE, SUSPENDED}, SUSPENDED: {ACTIVE}}
AGAINST = ("payment-overdue", "disputed", "abuse")  # why it stands worse
IN_FAVOR = ("paid", "settled", "mistake")  # why it is active again

# States of an attempt to pay; PROCESSING and REQUIRES_ACTION are shared with the order it belongs to.
PENDING = "pending"  # claimed, the provider has not answered yet
CAPTURED, DECLINED = "captured", "declined"
RETURNING, RETURNED = "returning", "returned"  # the order closed first: nothing is taken, or all is given back
LIVE = (PENDING, PROCESSING, REQUIRES_ACTION)
UNSETTLED = (*LIVE, RETURNING)

# What whoever pays is told about a state of the order or of the attempt.
ANSWERS = {
    PENDING: "processing",
    PROCESSING: "processing",
    REQUIRES_ACTION: "requires_action",
    CAPTURED: "paid",
    PAID: "paid",
    FULFILLED: "paid",
    DECLINED: "declined",
    RETURNING: "declined",
    RETURNED: "declined",
}


class Charge(NamedTuple):
    """A provider's word about one attempt: captured, declined, requires_action, processing or returned."""

    status: str
    reason: str | None = None


class ProviderAway(Exception):
    """The provider gave no answer; whether it has charged is to be asked later."""


class Provider(Protocol):
    """Who takes the money. Every call is idempotent by attempt id and made outside any transaction."""

    @property
    def name(self) -> str: ...

    @property
    def cards(self) -> Container[str]:
        """What it can charge."""

    def charge(self, attempt_id: str, amount: int, currency: str, card: str) -> Charge: ...

    def confirm(self, attempt_id: str, accepted: bool) -> Charge:
        """The end of 3-D Secure."""

    def find(self, attempt_id: str) -> Charge | None:
        """What became of an attempt; None when it never arrived."""

    def give_back(self, attempt_id: str) -> Charge:
        """Refund in full what was captured, call off what was not; an attempt that never arrived is barred."""


class Term(NamedTuple):
    """A half-open range of dates in the account's time zone."""

    start: date
    end: date


def moved(status: str, to: str) -> str:
    """`to`, if an order may go there from `status`."""
    if to not in MOVES[status]:
        refuse("order-state", f"An order that is {status} cannot become {to}.", order_status=status)
    return to


def turned(status: str, to: str) -> str:
    """`to`, if a subscription may go there from `status`."""
    if to not in STANDINGS[status]:
        said = f"A subscription that is {status} cannot become {to}."
        refuse("subscription-state", said, subscription_status=status)
    return to


def line(number: int, plan: str, version: int, seats: int, unit_amount: int) -> dict[str, Any]:
    """A line explains itself: seats × unit amount (minor units, for one interval)."""
    priced = {"line": number, "plan": plan, "version": version}
    return {**priced, "seats": seats, "unit_amount": unit_amount, "amount": seats * unit_amount}


def total(lines: list[dict[str, Any]]) -> int:
    return sum(line["amount"] for line in lines)


def term_on(day: date, anchor: date, interval: str) -> Term:
    """The term that contains `day`; every end is counted from the anchor (31 Jan → 28 Feb → 31 Mar)."""
    start = end = anchor
    months = 0
    while end <= max(day, anchor):
        months += MONTHS[interval]
        years, month = divmod(anchor.month - 1 + months, 12)
        last_day = calendar.monthrange(anchor.year + years, month + 1)[1]
        start, end = end, date(anchor.year + years, month + 1, min(anchor.day, last_day))
    return Term(start, end)


def today(time_zone: str, instant: int) -> date:
    """The account's calendar day at the instant."""
    return datetime.fromtimestamp(instant // 1_000_000, ZoneInfo(time_zone)).date()


def start_of_day(day: date, time_zone: str) -> int:
    """The instant at which the day begins for the account, on days of clock changes too."""
    begins = datetime.combine(day, time.min, ZoneInfo(time_zone))
    return int(begins.astimezone(UTC).timestamp()) * 1_000_000


def end_of_day(time_zone: str, instant: int) -> int:
    """The instant at which the account's day of `instant` is over."""
    return start_of_day(today(time_zone, instant) + timedelta(days=1), time_zone)


def payment_window_end(placed_at: int, term_ends_at: int) -> int:
    """Until when an order may be paid: 24 hours, but never beyond the term it buys."""
    return min(placed_at + DAY, term_ends_at)


def wait_before_asking(age: int) -> int:
    """How long to leave a provider alone about an attempt of that age: a quarter of it, 2 s to 1 min."""
    return min(max(age // 4, 2_000_000), 60_000_000)


def time_zone_known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def refuse_field(code: str, field: str, rule: str) -> NoReturn:
    """Decline what stands in one field of the body."""
    refuse(code, rule, status=422, errors=[{"field": field, "rule": rule}])


def order_number(count: int) -> str:
    """How people call the account's `count`-th order."""
    return f"{count:06d}"
