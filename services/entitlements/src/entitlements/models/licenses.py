"""The tables of licenses: plans as the catalog told them, what is owned and who holds it, devices."""

import uuid
from typing import Any

import peewee

from entitlements.domain import ACTIVE, FREE, GRACE, SUSPENDED, Seats
from entitlements.models.people import Account, Member
from kit import clock, db
from kit.db import given
from kit.errors import refuse


class Plan(db.Table):
    """Our copy of what the catalog sells: the current version."""

    code = peewee.TextField(primary_key=True)
    rank = peewee.IntegerField()
    family = peewee.TextField()
    version = peewee.IntegerField()
    status = peewee.TextField()
    successor = peewee.TextField(null=True)

    @classmethod
    def known(cls, code: str) -> "Plan":
        plan: Plan | None = cls.get_or_none(cls.code == code)
        return plan or refuse("plan-unknown", f"There is no plan {code}.", status=422, plan=code)


class PlanVersion(db.Table):
    """What one version of a plan grants; a license keeps the version it was bought with."""

    plan = peewee.TextField()
    version = peewee.IntegerField()
    name = peewee.JSONField()
    install = peewee.JSONField()
    features = peewee.JSONField()

    class Meta:
        primary_key = peewee.CompositeKey("plan", "version")


class Pool(db.Table):
    """How many licenses of a plan and interval an account has, by state; kept with every change, so that
    neither a page nor an event ever counts rows."""

    account = peewee.ForeignKeyField(Account, column_name="account", index=False)
    plan = peewee.TextField()
    interval = peewee.TextField()
    assigned = peewee.IntegerField(default=0, constraints=[peewee.Check("assigned >= 0")])
    free = peewee.IntegerField(default=0, constraints=[peewee.Check("free >= 0")])
    parked = peewee.IntegerField(default=0, constraints=[peewee.Check("parked >= 0")])
    account_id: str
    status: str  # of the subscription that pays for them, when a query joined it

    class Meta:
        primary_key = peewee.CompositeKey("account", "plan", "interval")

    @property
    def seats(self) -> Seats:
        return Seats(self.assigned, self.free, self.parked)

    @classmethod
    def move(cls, account: str, plan: str, interval: str, **by: int) -> Seats:
        """Change the counts of one pool by so much, e.g. assigned=1, free=-1; the plan's seats after that."""
        pool = {"account": account, "plan": plan, "interval": interval}
        if not _MOVED(**pool, **{"assigned": 0, "free": 0, "parked": 0, **by}):
            cls.create(**pool, **by)
        return cls.of_plan(account, plan)

    @staticmethod
    def of_plan(account: str, plan: str) -> Seats:
        """The seats of a plan over its intervals."""
        return Seats(*map(sum, zip(*_COUNTED(account=account, plan=plan), strict=True)))


_OF_PLAN = (Pool.account == given(Pool.account)) & (Pool.plan == given(Pool.plan))
_MOVED = db.Statement(
    Pool.update(
        assigned=Pool.assigned + given(Pool.assigned),
        free=Pool.free + given(Pool.free),
        parked=Pool.parked + given(Pool.parked),
    ).where(_OF_PLAN & (Pool.interval == given(Pool.interval)))
)
_COUNTED = db.Statement(Pool.select(Pool.assigned, Pool.free, Pool.parked).where(_OF_PLAN))


class Restriction(db.Table):
    """A subscription in grace or suspended, as orders told: from one event of the account's stream until
    another, which is null as long as it lasts. The ones before are kept, in case orders is restored to them."""

    subscription_id = db.Id()
    account = peewee.ForeignKeyField(Account, column_name="account", index=False)
    interval = peewee.TextField()
    status = peewee.TextField(constraints=[peewee.Check(f"status IN ('{GRACE}', '{SUSPENDED}')")])
    since = peewee.BigIntegerField()
    until = peewee.BigIntegerField(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("subscription_id", "since")
        indexes = ((("account", "interval"), False),)

    @classmethod
    def status_of(cls, subscription_id: str) -> str:
        here = (cls.subscription_id == subscription_id) & cls.until.is_null()
        return str(cls.select(cls.status).where(here).scalar() or ACTIVE)


IN_FORCE = Restriction.until.is_null()
Restriction.add_index(
    Restriction.index(Restriction.subscription_id, unique=True, where=IN_FORCE, name="restrictions_in_force")
)


class Parking(db.Table):
    """Seats that somebody removed; undone until `undone_at`."""

    id = db.Id(primary_key=True, default=clock.new_id)
    account = peewee.ForeignKeyField(Account, column_name="account")
    plan = peewee.TextField()
    interval = peewee.TextField()
    seats = peewee.IntegerField()
    parked_at = db.Instant(default=clock.now)
    undone_at = db.Instant(null=True)
    parked: int  # of its plan and interval in all, when a command or query counted
    account_id: str


class License(db.Table):
    """One seat that was paid for: by which order line, on which subscription, until when."""

    id = db.Id(primary_key=True)
    account = peewee.ForeignKeyField(Account, column_name="account", index=False)
    plan = peewee.TextField()
    version = peewee.IntegerField()
    interval = peewee.TextField()
    state = peewee.TextField(default=FREE)
    order_id = db.Id()
    line = peewee.IntegerField()
    seat = peewee.IntegerField()
    subscription_id = db.Id()
    term_start = peewee.TextField()
    term_end = peewee.TextField()
    parking = peewee.ForeignKeyField(Parking, null=True, column_name="parking", index=False)
    account_id: str
    granted: PlanVersion  # these when a query joined them
    held: "Assignment | None"
    former: "Assignment"
    status: str

    class Meta:
        indexes = ((("order_id", "line", "seat"), True), (("account", "id"), False))


License.add_index(
    License.index(
        License.account,
        License.plan,
        License.term_end.desc(),
        License.id,
        where=License.state == FREE,
        name="licenses_free",
    )
)
License.add_index(License.index(License.parking, where=License.parking.is_null(False), name="licenses_parked"))


class Assignment(db.Table):
    """A member holds a license until `ended_at`; `code` is what activates it on a device."""

    id = db.Id(primary_key=True, default=clock.new_id)
    account = peewee.ForeignKeyField(Account, column_name="account", index=False)
    license = peewee.ForeignKeyField(License, column_name="license", index=False)
    member = peewee.ForeignKeyField(Member, column_name="member", index=False)
    plan = peewee.TextField()
    family = peewee.TextField()
    code = peewee.TextField()
    activated_at = db.Instant(null=True)
    assigned_at = db.Instant(default=clock.now)
    reminded_at = db.Instant(null=True)
    ended_at = db.Instant(null=True)
    end_reason = peewee.TextField(null=True)
    account_id: str
    license_id: str
    member_id: str
    rank: int  # these when a query attached what the license grants
    status: str
    features: dict[str, Any]

    class Meta:
        indexes = ((("member", "ended_at"), False),)


LIVE = Assignment.ended_at.is_null()
RESTRICTED = (Restriction.subscription_id == License.subscription_id) & IN_FORCE
# The same for statements of text, in which a license is l.
JOIN_RESTRICTION = "LEFT JOIN restrictions r ON r.subscription_id = l.subscription_id AND r.until IS NULL"
STATUS = peewee.fn.COALESCE(Restriction.status, ACTIVE).alias("status")  # of a license, RESTRICTED joined
GRANTED = (PlanVersion.plan == License.plan) & (PlanVersion.version == License.version)
Assignment.add_index(
    Assignment.index(Assignment.license, unique=True, where=LIVE, name="assignments_one_holder")
)
Assignment.add_index(
    Assignment.index(
        Assignment.member, Assignment.family, unique=True, where=LIVE, name="assignments_one_per_family"
    )
)
Assignment.add_index(Assignment.index(Assignment.code, unique=True, where=LIVE, name="assignments_code"))
Assignment.add_index(
    Assignment.index(
        Assignment.account, Assignment.member, Assignment.id, where=LIVE, name="assignments_of_account"
    )
)


class Device(db.Table):
    """A device on which a license is active until `released_at`. A released one is kept: whatever runs on it
    still knows the code, which must not let it in again by itself."""

    assignment = peewee.ForeignKeyField(Assignment, column_name="assignment", index=False)
    device_id = peewee.TextField()
    name = peewee.TextField()
    activated_at = db.Instant(default=clock.now)
    released_at = db.Instant(null=True)
    assignment_id: str

    class Meta:
        primary_key = peewee.CompositeKey("assignment", "device_id")

    @property
    def id(self) -> str:
        """What an address can hold; another one after the device was let in again, so that a click on an old
        page releases nothing."""
        return str(uuid.uuid5(uuid.UUID(self.assignment_id), f"{self.activated_at} {self.device_id}"))


IN_USE = Device.released_at.is_null()


class Guess(db.Table):
    """A code that does not exist, and who tried it; forgotten after a few minutes. Neither is stored as it is:
    a wrong code may be a right one with one letter wrong."""

    caller = peewee.TextField()
    code = peewee.TextField()
    tried_at = db.Instant(index=True)

    class Meta:
        table_name = "guesses"
        primary_key = peewee.CompositeKey("caller", "code")
