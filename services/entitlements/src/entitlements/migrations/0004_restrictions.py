"""Subscriptions in grace or suspended."""

import peewee

from kit.db import Id


def up(_migrator, db):
    class Table(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Account(Table):
        id = Id(primary_key=True)

        class Meta:
            table_name = "accounts"

    class Restriction(Table):
        subscription_id = Id()
        account = peewee.ForeignKeyField(Account, column_name="account", index=False)
        interval = peewee.TextField()
        status = peewee.TextField(constraints=[peewee.Check("status IN ('grace', 'suspended')")])
        since = peewee.BigIntegerField()
        until = peewee.BigIntegerField(null=True)

        class Meta:
            table_name = "restrictions"
            primary_key = peewee.CompositeKey("subscription_id", "since")
            indexes = ((("account", "interval"), False),)

    in_force = Restriction.until.is_null()
    Restriction.add_index(
        Restriction.index(
            Restriction.subscription_id, unique=True, where=in_force, name="restrictions_in_force"
        )
    )
    db.create_tables([Restriction])
