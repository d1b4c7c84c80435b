"""Plans, accounts, carts, quotes, orders, payments, subscriptions. Frozen copies, independent of the models."""

import peewee

from kit.db import Id, Instant


def up(_migrator, db):
    class Table(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Plan(Table):
        code = peewee.TextField(primary_key=True)
        retired = peewee.BooleanField(default=False)
        successor = peewee.TextField(null=True)

        class Meta:
            table_name = "plans"

    class PlanVersion(Table):
        plan = peewee.ForeignKeyField(Plan, column_name="plan")
        version = peewee.BigIntegerField()
        rank = peewee.BigIntegerField()
        effective_from = peewee.TextField()
        content = peewee.JSONField()

        class Meta:
            table_name = "plan_versions"
            primary_key = peewee.CompositeKey("plan", "version")

    class Account(Table):
        id = Id(primary_key=True)
        name = peewee.TextField()
        locale = peewee.TextField()
        time_zone = peewee.TextField()
        currency = peewee.TextField()
        orders_placed = peewee.BigIntegerField(default=0)

        class Meta:
            table_name = "accounts"

    class Cart(Table):
        account = peewee.ForeignKeyField(Account, primary_key=True)
        version = peewee.BigIntegerField(default=0)
        interval = peewee.TextField(default="month")
        lines = peewee.JSONField(default=list)
        changed_by = peewee.TextField(null=True)
        changed_at = Instant(null=True)

        class Meta:
            table_name = "carts"

    class Quote(Table):
        id = Id(primary_key=True)
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
        created_at = Instant()
        expires_at = Instant(index=True)

        class Meta:
            table_name = "quotes"
            constraints = (peewee.Check("subtotal >= 0 AND total >= 0 AND at_renewal >= 0"),)

    class Order(Table):
        id = Id(primary_key=True)
        account = peewee.ForeignKeyField(Account)
        quote = peewee.ForeignKeyField(Quote, unique=True)
        number = peewee.TextField()
        status = peewee.TextField(default="awaiting_payment")
        from_cart = peewee.BooleanField()
        interval = peewee.TextField()
        currency = peewee.TextField()
        lines = peewee.JSONField()
        subtotal = peewee.BigIntegerField()
        taxes = peewee.JSONField()
        total = peewee.BigIntegerField()
        reason = peewee.TextField(null=True)
        placed_by = peewee.TextField()
        placed_at = Instant()
        window_ends_at = Instant()
        term_ends_at = Instant()
        paid_at = Instant(null=True)
        fulfilled_at = Instant(null=True)
        closed_at = Instant(null=True)

        class Meta:
            table_name = "orders"
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
        where=Order.status.in_(("awaiting_payment", "processing", "requires_action")),
        name="orders_one_open",
    )
    Order.add_index(
        Order.window_ends_at,
        where=Order.status.in_(("awaiting_payment", "processing", "requires_action")),
        name="orders_to_close",
    )

    class Attempt(Table):
        id = Id(primary_key=True)
        order = peewee.ForeignKeyField(Order, backref="attempts")
        key = peewee.TextField(null=True)
        provider = peewee.TextField()
        last4 = peewee.TextField()
        state = peewee.TextField(default="pending")
        reason = peewee.TextField(null=True)
        actor = peewee.TextField()
        correlation = peewee.TextField()
        created_at = Instant()
        ask_at = Instant()

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
        Attempt.order,
        unique=True,
        where=Attempt.state.in_(("pending", "processing", "requires_action")),
        name="payment_attempts_one_live",
    )
    Attempt.add_index(
        Attempt.ask_at,
        where=Attempt.state.in_(("pending", "processing", "requires_action", "returning")),
        name="payment_attempts_to_ask",
    )

    class IssuedLine(Table):
        order = peewee.ForeignKeyField(Order)
        line = peewee.IntegerField()

        class Meta:
            table_name = "issued_lines"
            primary_key = peewee.CompositeKey("order", "line")

    class Subscription(Table):
        id = Id(primary_key=True)
        account = peewee.ForeignKeyField(Account)
        interval = peewee.TextField()
        currency = peewee.TextField()
        status = peewee.TextField(default="active")
        anchor = peewee.TextField()
        term_start = peewee.TextField()
        term_end = peewee.TextField()

        class Meta:
            table_name = "subscriptions"
            indexes = ((("account", "interval"), True),)
            constraints = (peewee.Check("anchor <= term_start AND term_start < term_end"),)

    class SubscriptionItem(Table):
        subscription = peewee.ForeignKeyField(Subscription, backref="items")
        plan = peewee.TextField()
        version = peewee.BigIntegerField()
        quantity = peewee.BigIntegerField()
        unit_amount = peewee.BigIntegerField()
        parked = peewee.BigIntegerField(default=0)

        class Meta:
            table_name = "subscription_items"
            primary_key = peewee.CompositeKey("subscription", "plan")
            constraints = (peewee.Check("quantity >= 0 AND unit_amount >= 0 AND parked >= 0"),)

    class SandboxCharge(Table):
        attempt_id = Id(primary_key=True)
        amount = peewee.BigIntegerField()
        currency = peewee.TextField()
        last4 = peewee.TextField()
        status = peewee.TextField()
        reason = peewee.TextField(null=True)
        settles_at = Instant(null=True)
        created_at = Instant()
        returned_at = Instant(null=True)

        class Meta:
            table_name = "sandbox_charges"

    db.create_tables(
        [
            Plan,
            PlanVersion,
            Account,
            Cart,
            Quote,
            Order,
            Attempt,
            IssuedLine,
            Subscription,
            SubscriptionItem,
            SandboxCharge,
        ]
    )
