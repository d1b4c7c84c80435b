"""States, terms, days and amounts."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Refusal
from orders import domain

ZONES = st.sampled_from(
    [
        "UTC",
        "America/Toronto",
        "America/St_Johns",
        "America/Havana",
        "Asia/Beirut",
        "Pacific/Apia",
        "Asia/Kathmandu",
    ]
)
DAYS = st.dates(date(2000, 1, 1), date(2080, 12, 31))
INSTANTS = st.integers(946_684_800, 3_502_828_800).map(lambda seconds: seconds * 1_000_000)  # 2000 to 2080


@pytest.mark.parametrize("status", domain.MOVES)
@pytest.mark.parametrize("to", domain.MOVES)
def test_an_order_moves_only_along_the_graph(status, to):
    if to in domain.MOVES[status]:
        assert domain.moved(status, to) == to
    else:
        with pytest.raises(Refusal) as refused:
            domain.moved(status, to)
        assert refused.value.code == "order-state"


def test_every_way_through_the_graph_that_is_paid_was_claimed_before():
    assert {status for status, next_ones in domain.MOVES.items() if domain.PAID in next_ones} == {
        domain.PROCESSING,
        domain.REQUIRES_ACTION,
    }
    assert domain.PAID not in domain.MOVES[domain.AWAITING_PAYMENT]


@pytest.mark.parametrize("ended", [domain.EXPIRED, domain.FAILED, domain.CANCELED, domain.REFUNDED])
def test_an_order_that_ended_stays_so(ended):
    assert domain.MOVES[ended] == set()


def test_months_are_counted_from_the_anchor_and_not_from_each_other():
    anchor = date(2026, 1, 31)

    assert domain.term_on(date(2026, 2, 1), anchor, "month") == (date(2026, 1, 31), date(2026, 2, 28))
    assert domain.term_on(date(2026, 2, 28), anchor, "month") == (date(2026, 2, 28), date(2026, 3, 31))
    assert domain.term_on(date(2026, 3, 31), anchor, "month") == (date(2026, 3, 31), date(2026, 4, 30))


def test_a_leap_day_is_the_anchor_again_after_four_years():
    anchor = date(2028, 2, 29)

    assert domain.term_on(anchor, anchor, "year") == (date(2028, 2, 29), date(2029, 2, 28))
    assert domain.term_on(date(2031, 5, 1), anchor, "year") == (date(2031, 2, 28), date(2032, 2, 29))


@given(DAYS, st.integers(0, 4000), st.sampled_from(["month", "year"]))
def test_every_day_lies_in_exactly_one_term(anchor, later, interval):
    day = anchor + timedelta(days=later)
    term = domain.term_on(day, anchor, interval)

    assert term.start <= day < term.end
    assert domain.term_on(term.end, anchor, interval).start == term.end
    assert domain.term_on(term.end - timedelta(days=1), anchor, interval) == term
    assert term.end.day == anchor.day or (term.end + timedelta(days=1)).day == 1


@given(DAYS, st.integers(1, 40))
def test_a_day_before_the_anchor_counts_as_the_anchor(anchor, earlier):
    """An account may move west on the day on which its subscription began."""
    assert domain.term_on(anchor - timedelta(days=earlier), anchor, "month").start == anchor


@given(ZONES, INSTANTS)
def test_the_accounts_day_ends_where_its_next_one_begins(zone, instant):
    end = domain.end_of_day(zone, instant)

    assert instant < end
    assert domain.today(zone, end - 1) == domain.today(zone, instant) < domain.today(zone, end)


def test_a_day_of_23_and_one_of_25_hours():
    def midday(day: str) -> int:
        return int(datetime.fromisoformat(f"{day}T17:00").replace(tzinfo=UTC).timestamp()) * 1_000_000

    def hours(day: str) -> float:
        start = domain.start_of_day(date.fromisoformat(day), "America/Toronto")
        return (domain.end_of_day("America/Toronto", midday(day)) - start) / 3_600_000_000

    assert (hours("2026-03-08"), hours("2026-11-01"), hours("2026-11-22")) == (23, 25, 24)


@given(st.lists(st.tuples(st.integers(1, 10_000), st.integers(0, 10**9)), min_size=1, max_size=50))
def test_a_line_multiplies_out_and_the_total_is_the_sum_of_the_lines(wanted):
    lines = [domain.line(n, "eco", 1, seats, unit) for n, (seats, unit) in enumerate(wanted, 1)]

    assert all(line["amount"] == line["seats"] * line["unit_amount"] for line in lines)
    assert domain.total(lines) == sum(seats * unit for seats, unit in wanted) < 2**53


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(0, 10**9))
def test_splitting_a_line_never_changes_the_amount(some, more, unit):
    split = [domain.line(1, "eco", 1, some, unit), domain.line(2, "eco", 1, more, unit)]

    assert domain.total(split) == domain.line(1, "eco", 1, some + more, unit)["amount"]


def test_the_payment_window_is_a_day_but_never_longer_than_the_term():
    assert domain.payment_window_end(1000, 1000 + 2 * domain.DAY) == 1000 + domain.DAY
    assert domain.payment_window_end(1000, 5000) == 5000


def test_a_provider_is_asked_less_often_the_older_the_attempt_is():
    waits = [domain.wait_before_asking(age * 1_000_000) for age in (0, 5, 60, 240, 100_000)]

    assert waits == [2_000_000, 2_000_000, 15_000_000, 60_000_000, 60_000_000]
    assert all(first <= second for first, second in pairwise(waits))


def test_an_unknown_time_zone_is_known_to_be_unknown():
    assert domain.time_zone_known("America/Toronto")
    assert not any(domain.time_zone_known(name) for name in ("Mars/Olympus", "", "../etc/passwd", "a\x00b"))
