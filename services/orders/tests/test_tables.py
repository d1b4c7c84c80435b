"""The rules that also stand in the tables, for the day when a command forgets one."""

import pytest
from peewee import IntegrityError

from kit import clock, db
from orders import domain
from orders.models import Attempt, Order, Subscription, SubscriptionItem


def copy_of(row, **changes):
    """Insert the row once more with changes."""
    return type(row).insert({**row.__data__, "id": clock.new_id(), **changes})


def refused(query):
    with pytest.raises(IntegrityError), db.atomic():
        query.execute()


def test_a_second_open_order_of_the_interval_does_not_fit(buyer):
    buyer.order()
    yearly = buyer.quote(interval="year")

    refused(copy_of(Order.get(), number="2", quote=yearly["id"]))
    copy_of(Order.get(), number="2", quote=yearly["id"], status="canceled").execute()


def test_a_second_live_attempt_of_an_order_does_not_fit(buyer):
    buyer.pay(buyer.order(), "4000000000000077")

    for state in domain.LIVE:
        refused(copy_of(Attempt.get(), state=state))
    copy_of(Attempt.get(), state=domain.DECLINED).execute()


def test_a_key_names_one_attempt_of_an_order(buyer):
    buyer.pay(buyer.order(), Idempotency_Key="attempt-1")

    refused(copy_of(Attempt.get(), state=domain.DECLINED))


@pytest.mark.parametrize("change", [{"status": "paid"}, {"status": "lost"}, {"total": -1}, {"paid_at": 1}])
def test_an_order_is_paid_exactly_when_there_is_an_instant_of_payment(buyer, change):
    buyer.order()

    refused(Order.update(change))


def test_a_second_subscription_of_the_interval_does_not_fit(buyer):
    buyer.pay(buyer.order())

    refused(copy_of(Subscription.get()))
    refused(Subscription.update(term_end="2020-01-01"))
    for column in ("quantity", "unit_amount", "parked"):
        refused(SubscriptionItem.update({column: -1}))
