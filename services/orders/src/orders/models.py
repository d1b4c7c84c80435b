"""The tables: plans and accounts as we heard of them, cart, quotes, orders, attempts to pay, subscriptions."""

from datetime import date
from typing import NoReturn

import peewee

from kit import db
from kit.errors import refuse
from orders import domain


class Plan(db.Table):
    """A plan as the catalog told; a retired one is sold only to those who hold it."""

    code = peewee.TextField(primary_key=True)
    retired = peewee.BooleanField(default=False)
    successor = peewee.TextField(null=True)


class PlanVersion(db.Table):
    """One version of a plan: rank, prices and texts as published; sold from `effective_from` on."""

    plan = peewee.ForeignKeyField(Plan, column_name="plan")
    version = peewee.BigIntegerField()
    rank = peewee.BigIntegerField()
    effective_from = peewee.TextField()
    content = peewee.JSONField()
    plan_id: str

    class Meta:
        primary_key = peewee.CompositeKey("plan", "version")

    @classmethod
    def sold_on(cls, day: date) -> dict[str, "PlanVersion"]:
        """The version of each plan that is sold on that day, by code."""
        begun = cls.effective_from <= day.isoformat()
        chosen = cls.select(cls).join(Plan).where(begun & ~Plan.retired).order_by(cls.version)
        return {version.plan_id: version for version in chosen}


class Account(db.Table):
    """An account as entitlements told; its row is locked by whatever touches its money."""

    id = db.Id(primary_key=True)
    name = peewee.TextField()
    locale = peewee.TextField()
    time_zone = peewee.TextField()
    currency = peewee.TextField()
    orders_placed = peewee.BigIntegerField(default=0)

    @classmethod
    def locked(cls, account_id: str) -> "Account":
        """The row, locked until commit."""
        account: Account | None = db.locked(cls.select().where(cls.id == account_id)).first()
        return account or cls.unknown()

    @classmethod
    def known(cls, account_id: str) -> "Account":
        account: Account | None = cls.get_or_none(cls.id == account_id)
        return account or cls.unknown()

    @staticmethod
    def unknown() -> NoReturn:
        refuse("account-unknown", "This account is not known here yet; try again in a moment.")

    def check_currency(self, currency: str | None) -> None:
        """What is asked for may name the currency, but only the account's."""
        if currency not in (None, self.currency):
            domain.refuse_field("currency-mismatch", "currency", f"This account buys in {self.currency}.")


class Cart(db.Table):
    """What the account is about to buy; `version` is its ETag and never comes back."""

    account = peewee.ForeignKeyField(Account, primary_key=True)
    version = peewee.BigIntegerField(default=0)
    interval = peewee.TextField(default="month")
    lines = peewee.JSONField(default=list)
    changed_by = peewee.TextField(null=True)
    changed_at = db.Instant(null=True)

    @classmethod
    def of(cls, account_id: str) -> "Cart":
        cart: Cart = cls.get_or_none(cls.account == account_id) or cls(account=account_id)
        return cart


class Quote(db.Table):
    """What a purchase costs on one day of the account; never changed."""

    id = db.Id(primary_key=True)
    account = peewee.ForeignKeyField(Account, index=True)
    from_cart = peewee.BooleanField()
    interval = peewee.TextField()
    currency = peewee.TextField()
    day = peewee.TextField()
    lines = peewee.JSONField()
    subtotal = peewee.BigIntegerField()
    taxes = peewee.JSONField()
    total = peewee.BigIntegerField()
    at_renewal = peewee.BigIntegerField()
    term = peewee.JSONField()
    created_at = db.Instant()
    expires_at = db.Instant(index=True)
    account_id: str

    class Meta:
        constraints = (peewee.Check("subtotal >= 0 AND total >= 0 AND at_renewal >= 0"),)


class Order(db.Table):
    """A confirmed quote. `reason`: why the last attempt to pay was declined."""

    id = db.Id(primary_key=True)
    account = peewee.ForeignKeyField(Account)
    quote = peewee.ForeignKeyField(Quote, unique=True)
    number = peewee.TextField()
    status = peewee.TextField(default=domain.AWAITING_PAYMENT)
    from_cart = peewee.BooleanField()
    interval = peewee.TextField()
    currency = peewee.TextField()
    lines = peewee.JSONField()
    subtotal = peewee.BigIntegerField()
    taxes = peewee.JSONField()
    total = peewee.BigIntegerField()
    reason = peewee.TextField(null=True)
    placed_by = peewee.TextField()
    placed_at = db.Instant()
    window_ends_at = db.Instant()
    term_ends_at = db.Instant()
    paid_at = db.Instant(null=True)
    fulfilled_at = db.Instant(null=True)
    closed_at = db.Instant(null=True)
    account_id: str

    class Meta:
        indexes = ((("account", "number"), True), (("account", "id"), False))
        constraints = (
            peewee.Check("subtotal >= 0 AND total >= 0"),
            peewee.Check(
                "status IN ('awaiting_payment', 'processing', 'requires_action', 'paid', 'fulfilled',"
                " 'expired', 'failed', 'canceled', 'refunded')"
            ),
            peewee.Check("(status IN ('paid', 'fulfilled', 'refunded')) = (paid_at IS NOT NULL)"),
        )


Order.add_index(
    Order.account,
    Order.interval,
    unique=True,
    where=Order.status.in_(domain.OPEN),
    name="orders_one_open",
)
Order.add_index(Order.window_ends_at, where=Order.status.in_(domain.OPEN), name="orders_to_close")


class Attempt(db.Table):
    """One try to pay an order; its id is what the provider knows it by, `key` what the caller does.

    Acts of the settling job are announced in the name of whoever pressed Pay (`actor`, `correlation`).
    """

    id = db.Id(primary_key=True)
    order = peewee.ForeignKeyField(Order, backref="attempts")
    key = peewee.TextField(null=True)
    provider = peewee.TextField()
    last4 = peewee.TextField()
    state = peewee.TextField(default=domain.PENDING)
    reason = peewee.TextField(null=True)
    actor = peewee.TextField()
    correlation = peewee.TextField()
    created_at = db.Instant()
    ask_at = db.Instant()

    class Meta:
        table_name = "payment_attempts"
        indexes = ((("order", "key"), True),)
        constraints = (
            peewee.Check("length(last4) = 4"),
            peewee.Check(
                "state IN ('pending', 'processing', 'requires_action', 'captured', 'declined',"
                " 'returning', 'returned')"
            ),
        )


Attempt.add_index(
    Attempt.order, unique=True, where=Attempt.state.in_(domain.LIVE), name="payment_attempts_one_live"
)
Attempt.add_index(Attempt.ask_at, where=Attempt.state.in_(domain.UNSETTLED), name="payment_attempts_to_ask")


class IssuedLine(db.Table):
    """A line of an order for which entitlements has issued the licenses."""

    order = peewee.ForeignKeyField(Order)
    line = peewee.IntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("order", "line")


class Subscription(db.Table):
    """What an account holds per interval: one anchor, one renewal date. Dates as in 2026-11-22."""

    id = db.Id(primary_key=True)
    account = peewee.ForeignKeyField(Account)
    interval = peewee.TextField()
    currency = peewee.TextField()
    status = peewee.TextField(default=domain.ACTIVE)
    anchor = peewee.TextField()
    term_start = peewee.TextField()
    term_end = peewee.TextField()
    account_id: str
    items: peewee.BackrefAccessor  # the SubscriptionItem rows

    class Meta:
        indexes = ((("account", "interval"), True),)
        constraints = (peewee.Check("anchor <= term_start AND term_start < term_end"),)

    @classmethod
    def check_all_active(cls, account_id: str) -> None:
        """An account with a subscription in grace or suspended buys nothing, by whatever interval."""
        one = cls.get_or_none((cls.account == account_id) & (cls.status != domain.ACTIVE))
        if one is not None:
            said = (
                f"The subscription by the {one.interval} is {one.status}: nothing is sold until it is restored."
            )
            refuse("subscription-not-active", said, interval=one.interval, subscription_status=one.status)


class SubscriptionItem(db.Table):
    """Seats of one plan at a locked unit price; `parked` ones end with the term."""

    subscription = peewee.ForeignKeyField(Subscription, backref="items")
    plan = peewee.TextField()
    version = peewee.BigIntegerField()
    quantity = peewee.BigIntegerField()
    unit_amount = peewee.BigIntegerField()
    parked = peewee.BigIntegerField(default=0)

    class Meta:
        primary_key = peewee.CompositeKey("subscription", "plan")
        constraints = (peewee.Check("quantity >= 0 AND unit_amount >= 0 AND parked >= 0"),)


class SandboxCharge(db.Table):
    """The sandbox provider's own books; only payments.py reads and writes them."""

    attempt_id = db.Id(primary_key=True)
    amount = peewee.BigIntegerField()
    currency = peewee.TextField()
    last4 = peewee.TextField()
    status = peewee.TextField()
    reason = peewee.TextField(null=True)
    settles_at = db.Instant(null=True)
    created_at = db.Instant()
    returned_at = db.Instant(null=True)
