"""Sessions of the portal."""

import peewee

from kit.db import Id, Instant


def up(_migrator, db):
    class Table(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Account(Table):
        id = Id(primary_key=True)

        class Meta:
            table_name = "accounts"

    class Member(Table):
        id = Id(primary_key=True)

        class Meta:
            table_name = "members"

    class Session(Table):
        id = Id(primary_key=True)
        account = peewee.ForeignKeyField(Account, column_name="account", index=False)
        member = peewee.ForeignKeyField(Member, column_name="member", index=True)
        browser = peewee.TextField(null=True)
        device = peewee.TextField(null=True)
        address = peewee.TextField(null=True)
        method = peewee.TextField()
        started_at = Instant()
        last_used_at = Instant()
        expires_at = Instant(index=True)
        ended_at = Instant(null=True)

        class Meta:
            table_name = "sessions"

    db.create_tables([Session])
