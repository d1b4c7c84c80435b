"""Whatever people do in whatever order, the seats add up, and `verify` finds what does not."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from entitlements import commands, handlers, queries
from entitlements.models import LIVE, Assignment, Pool
from kit import clock, db
from kit.errors import Refusal
from service_fixtures import Source

PLAN_NAMES = ("eco", "pro")
plans, intervals = st.sampled_from(PLAN_NAMES), st.sampled_from(["month", "year"])
few = st.integers(1, 3)


def refused(command, *arguments):
    """The code of the rule that refused the command, None when it took effect."""
    try:
        command(*arguments)
    except Refusal as refusal:
        return refusal.code
    return None


class Seats(RuleBasedStateMachine):
    """Random histories of one account with four people, two plans and two intervals."""

    @initialize()
    def begin(self):
        domain = f"{clock.new_id()}.example"
        account = {"name": "A", "locale": "en", "time_zone": "UTC", "currency": "CAD", "address": {}}
        common = {"name": "P", "locale": "en", "roles": ["member"]}
        self.account = commands.open_account(account, {**common, "email": f"a@{domain}"})[0].id
        people = [{**common, "email": f"{n}@{domain}"} for n in range(4)]
        self.members = [commands.add_member(self.account, person).id for person in people]
        self.orders, self.issued = Source("orders"), 0

    @rule(plan=plans, interval=intervals, seats=few)
    def issue(self, plan, interval, seats):
        line = {"line": 1, "plan": plan, "version": 1, "seats": seats}
        bought = {"interval": interval, "term": {"start": "2026-01-01", "end": "2027-01-01"}, "lines": [line]}
        order = {"order_id": clock.new_id(), "subscription_id": clock.new_id(), **bought}
        paid = self.orders.tells("order.paid", self.account, order)
        with db.atomic():
            handlers.on_order_paid(paid, paid.data)
        self.issued += seats

    @rule(who=st.integers(0, 3), plan=plans)
    def assign(self, who, plan):
        free = sum(pool.free for pool in self.pools() if pool.plan == plan)
        code = refused(commands.assign_license, self.account, self.members[who], plan)
        assert code in (None, "already-licensed") or free == 0

    @rule(pick=st.integers(0, 9))
    def unassign(self, pick):
        live = list(Assignment.select().where(LIVE & (Assignment.account == self.account)))
        if live:
            commands.unassign_license(self.account, live[pick % len(live)].id)

    @rule(plan=plans, interval=intervals, seats=few)
    def park(self, plan, interval, seats):
        free = sum(pool.free for pool in self.pools() if (pool.plan, pool.interval) == (plan, interval))
        code = refused(commands.park_seats, self.account, plan, interval, seats)
        assert (code == "seats-assigned") == (free < seats)

    @rule(pick=st.integers(0, 9))
    def unpark(self, pick):
        standing = queries.parkings(self.account)
        if standing:
            commands.unpark_seats(self.account, standing[pick % len(standing)].id)

    @invariant()
    def seats_add_up(self):
        pools = self.pools()
        assert all(0 <= pool.assigned <= pool.seats.capacity for pool in pools)
        assert sum(pool.parked + pool.free + pool.assigned for pool in pools) == self.issued
        assert list(queries.differences()) == []

    def pools(self):
        return list(Pool.select().where(Pool.account == self.account))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_seats_add_up_whatever_people_do(world, database):
    slow = [HealthCheck.too_slow]
    run_state_machine_as_test(
        Seats,
        settings=settings(max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=slow),
    )


@pytest.fixture
def busy_office(office):
    office.buys("eco", 5)
    bob, carol = office.hires("bob"), office.hires("carol")
    office.unassigns(office.assigns(bob, "eco").json["id"])
    office.assigns(carol, "eco")
    parking = office.parks("eco", 2).json["id"]
    office.parks("eco", 1)
    office.does("DELETE", f"/parkings/{parking}")
    return office


def test_verify_finds_nothing_after_honest_work(busy_office):
    assert busy_office.pool("eco") == (1, 3, 1)
    assert list(queries.differences()) == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("UPDATE pools SET free = free + 1", "pool"),
        ("UPDATE licenses SET state = 'parked' WHERE state = 'free'", "by the licenses"),
        ("UPDATE assignments SET ended_at = 1 WHERE ended_at IS NULL", "its state and its assignment disagree"),
        ("DELETE FROM outbox WHERE type = 'license.assigned'", "by the log"),
        ("UPDATE assignments SET member = (SELECT id FROM members WHERE name = 'Bob')", "holder of license"),
        ("UPDATE assignments SET activated_at = 1", "activation of license"),
        ("UPDATE licenses SET order_id = id", "licenses of order line"),
        ("UPDATE licenses SET plan = 'pro'", "licenses of order line"),
        ("UPDATE parkings SET seats = seats + 1", "parking "),
        ("UPDATE parkings SET undone_at = NULL", "parking "),
        ("UPDATE accounts SET currency = 'USD'", "account "),
        ("UPDATE members SET email = 'mallory@x.example' WHERE name = 'Bob'", "member "),
        ("UPDATE members SET roles = '[\"administrator\"]'", "member "),
        ("UPDATE members SET state = 'removed'", "member "),
        ("UPDATE domains SET state = 'pending'", "domain "),
        ("DELETE FROM domains", "domain "),
    ],
)
def test_verify_names_every_difference(busy_office, damage, named):
    with db.atomic():
        db.database.execute_sql(damage)

    assert any(named in difference for difference in queries.differences())
