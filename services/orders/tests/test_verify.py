"""Whatever is bought and paid, rows and log agree, and `verify` names what does not."""

import pytest

from kit import db
from orders import queries
from orders.queries import verify


@pytest.fixture
def busy_buyer(buyer):
    """Paid twice, once after a declined card; one order given up, one open."""
    buyer.pay(buyer.order(("eco", 3)))
    second = buyer.order(("eco", 1), ("pro", 2))
    buyer.pay(second, "4000000000000002")
    buyer.pay(second)
    buyer.cancel(buyer.order(("advanced", 1)))
    buyer.order(("advanced", 1), interval="year")
    return buyer


def test_verify_finds_nothing_after_honest_work(busy_buyer):
    assert list(queries.differences()) == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE orders SET status = 'expired' WHERE status = 'canceled'", "the log says otherwise"),
        ("UPDATE orders SET total = total + 1", "the log names another total"),
        ("UPDATE orders SET subtotal = subtotal + 1", "its lines do not add up"),
        ("UPDATE payment_attempts SET state = 'returned' WHERE state = 'captured'", "charged 0 times"),
        ("UPDATE payment_attempts SET state = 'captured'", "charged 2 times"),
        ("UPDATE subscription_items SET quantity = quantity + 1 WHERE plan = 'eco'", "5 seats, by the log 4"),
        ("DELETE FROM subscription_items WHERE plan = 'pro'", "0 seats, by the log 2"),
        ("UPDATE subscription_items SET unit_amount = unit_amount + 1", "items not as announced"),
        ("UPDATE subscriptions SET term_end = '2099-01-01'", "term not as announced"),
        ("UPDATE subscriptions SET currency = 'USD'", "currency not as announced"),
        ("UPDATE orders SET number = number || 'x'", "number not as announced"),
        ("UPDATE orders SET taxes = '[5]'", "taxes not as announced"),
        ("UPDATE orders SET lines = '[]', subtotal = 0", "lines, subtotal not as announced"),
        ("DELETE FROM outbox WHERE type = 'subscription.changed'", "items not as announced"),
        ("DELETE FROM outbox WHERE type = 'order.paid'", "4 seats, by the log 0"),
        ("DELETE FROM outbox WHERE type = 'order.canceled'", "the log says otherwise"),
    ],
)
def test_verify_names_every_difference(busy_buyer, damage, named):
    with db.atomic():
        db.database.execute_sql(damage)

    assert any(named in difference for difference in queries.differences()), list(queries.differences())


def test_what_a_later_release_tells_more_is_no_difference():
    told = {"id": 1, "lines": [{"seats": 2, "gone": True}]}

    assert verify._agree({"id": 1, "note": "", "lines": [{"seats": 2, "rank": 5}]}, told)
    for other in ({"id": 2}, {"lines": []}, {"lines": [{"seats": 3}]}, {"lines": None}):
        assert not verify._agree({**told, **other}, told)
