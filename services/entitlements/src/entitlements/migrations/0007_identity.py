"""Changes of an e-mail address that wait for their confirmation, and who gets mails about new devices."""

import peewee

from kit.db import Id, Instant


def up(migrator, db):
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

    class AddressChange(Table):
        id = Id(primary_key=True)
        account = peewee.ForeignKeyField(Account, column_name="account", index=False)
        member = peewee.ForeignKeyField(Member, column_name="member", index=False)
        email = peewee.TextField()
        requested_at = Instant()
        expires_at = Instant()
        ended_at = Instant(null=True)
        outcome = peewee.TextField(null=True)

        class Meta:
            table_name = "address_changes"

    open_change = AddressChange.ended_at.is_null()
    AddressChange.add_index(
        AddressChange.index(AddressChange.member, unique=True, where=open_change, name="address_changes_open")
    )
    db.create_tables([AddressChange])
    migrator.migrate(migrator.add_column("accounts", "new_device_mail", peewee.BooleanField(null=True)))
