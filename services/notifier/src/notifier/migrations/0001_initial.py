"""Activity, notices, copies and the birth instant. Frozen copies, independent of the models."""

import peewee

from kit import clock
from kit.db import Id, Instant


def up(_migrator, db):
    class Table(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Activity(Table):
        id = Id(primary_key=True)
        account = Id()
        time = Instant()
        source = peewee.TextField()
        sequence = peewee.BigIntegerField()
        type = peewee.TextField()
        actor = peewee.TextField()
        address = peewee.TextField(null=True)
        data = peewee.TextField()

        class Meta:
            table_name = "activities"
            indexes = ((("account", "time", "id"), False), (("source", "account", "sequence"), True))

    class Notice(Table):
        id = Id(primary_key=True)
        account = Id()
        kind = peewee.TextField()
        member = Id()
        assignment = Id(null=True, index=True)
        actor = peewee.TextField()
        correlation = peewee.TextField()
        data = peewee.TextField()
        state = peewee.TextField(default="queued")
        address = peewee.TextField(null=True)
        subject = peewee.TextField(null=True)
        text = peewee.TextField(null=True)
        reason = peewee.TextField(null=True)
        attempts = peewee.IntegerField(default=0)
        doubts = peewee.IntegerField(default=0)
        claim = Id(null=True)
        due_at = Instant()
        created_at = Instant()
        sent_at = Instant(null=True)
        ended_at = Instant(null=True)

        class Meta:
            table_name = "notices"
            indexes = ((("account", "id"), False),)

    Notice.add_index(Notice.due_at, where=Notice.ended_at.is_null(), name="notices_due")
    Notice.add_index(Notice.ended_at, where=Notice.ended_at.is_null(False), name="notices_ended")

    class Account(Table):
        id = Id(primary_key=True)
        name = peewee.TextField()
        locale = peewee.TextField()

        class Meta:
            table_name = "accounts"

    class Member(Table):
        id = Id(primary_key=True)
        account = Id(index=True)
        email = peewee.TextField()
        name = peewee.TextField()
        locale = peewee.TextField(null=True)
        removed_at = Instant(null=True)

        class Meta:
            table_name = "members"

    class Plan(Table):
        code = peewee.TextField(primary_key=True)
        name = peewee.TextField()
        install = peewee.TextField()

        class Meta:
            table_name = "plans"

    class Birth(Table):
        id = peewee.IntegerField(primary_key=True, default=1, constraints=[peewee.Check("id = 1")])
        born_at = Instant()

        class Meta:
            table_name = "births"

    db.create_tables([Activity, Notice, Account, Member, Plan, Birth])
    Birth.create(born_at=clock.now())
