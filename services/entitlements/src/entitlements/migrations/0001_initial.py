"""The first tables. Frozen copies, independent of the models."""

import peewee

from kit.db import Id, Instant


def up(_migrator, db):
    class Table(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Account(Table):
        id = Id(primary_key=True)
        name = peewee.TextField()
        locale = peewee.TextField()
        time_zone = peewee.TextField()
        currency = peewee.TextField()
        address = peewee.JSONField()
        opened_at = Instant()

        class Meta:
            table_name = "accounts"

    class Domain(Table):
        id = Id(primary_key=True)
        account = peewee.ForeignKeyField(Account, column_name="account", index=False)
        domain = peewee.TextField()
        state = peewee.TextField(default="pending")
        added_at = Instant()
        approved_at = Instant(null=True)

        class Meta:
            table_name = "domains"
            indexes = ((("account", "domain"), True),)

    Domain.add_index(
        Domain.index(Domain.domain, unique=True, where=Domain.state == "approved", name="domains_approved_once")
    )

    class AllowedAddress(Table):
        account = peewee.ForeignKeyField(Account, column_name="account", index=False)
        email = peewee.TextField()

        class Meta:
            table_name = "allowed_addresses"
            primary_key = peewee.CompositeKey("account", "email")

    class Member(Table):
        id = Id(primary_key=True)
        account = peewee.ForeignKeyField(Account, column_name="account", index=False)
        email = peewee.TextField()
        name = peewee.TextField()
        known_as = peewee.TextField()
        locale = peewee.TextField()
        roles = peewee.JSONField()
        state = peewee.TextField(default="active")
        sign_in_counter = peewee.IntegerField(default=0)
        added_at = Instant()
        removed_at = Instant(null=True)

        class Meta:
            table_name = "members"

    active = Member.state == "active"
    Member.add_index(
        Member.index(Member.email, Member.account, unique=True, where=active, name="members_email_once")
    )
    Member.add_index(Member.index(Member.account, Member.known_as, Member.id, name="members_listed"))

    class Plan(Table):
        code = peewee.TextField(primary_key=True)
        rank = peewee.IntegerField()
        family = peewee.TextField()
        version = peewee.IntegerField()
        status = peewee.TextField()
        successor = peewee.TextField(null=True)

        class Meta:
            table_name = "plans"

    class PlanVersion(Table):
        plan = peewee.TextField()
        version = peewee.IntegerField()
        name = peewee.JSONField()
        install = peewee.JSONField()
        features = peewee.JSONField()

        class Meta:
            table_name = "plan_versions"
            primary_key = peewee.CompositeKey("plan", "version")

    class Pool(Table):
        account = peewee.ForeignKeyField(Account, column_name="account", index=False)
        plan = peewee.TextField()
        interval = peewee.TextField()
        assigned = peewee.IntegerField(default=0, constraints=[peewee.Check("assigned >= 0")])
        free = peewee.IntegerField(default=0, constraints=[peewee.Check("free >= 0")])
        parked = peewee.IntegerField(default=0, constraints=[peewee.Check("parked >= 0")])

        class Meta:
            table_name = "pools"
            primary_key = peewee.CompositeKey("account", "plan", "interval")

    class Parking(Table):
        id = Id(primary_key=True)
        account = peewee.ForeignKeyField(Account, column_name="account")
        plan = peewee.TextField()
        interval = peewee.TextField()
        seats = peewee.IntegerField()
        parked_at = Instant()
        undone_at = Instant(null=True)

        class Meta:
            table_name = "parkings"

    class License(Table):
        id = Id(primary_key=True)
        account = peewee.ForeignKeyField(Account, column_name="account", index=False)
        plan = peewee.TextField()
        version = peewee.IntegerField()
        interval = peewee.TextField()
        state = peewee.TextField(default="free")
        order_id = Id()
        line = peewee.IntegerField()
        seat = peewee.IntegerField()
        subscription_id = Id()
        term_start = peewee.TextField()
        term_end = peewee.TextField()
        parking = peewee.ForeignKeyField(Parking, null=True, column_name="parking", index=False)

        class Meta:
            table_name = "licenses"
            indexes = ((("order_id", "line", "seat"), True), (("account", "id"), False))

    License.add_index(
        License.index(
            License.account,
            License.plan,
            License.term_end.desc(),
            License.id,
            where=License.state == "free",
            name="licenses_free",
        )
    )
    License.add_index(
        License.index(License.parking, where=License.parking.is_null(False), name="licenses_parked")
    )

    class Assignment(Table):
        id = Id(primary_key=True)
        account = peewee.ForeignKeyField(Account, column_name="account", index=False)
        license = peewee.ForeignKeyField(License, column_name="license", index=False)
        member = peewee.ForeignKeyField(Member, column_name="member", index=False)
        plan = peewee.TextField()
        family = peewee.TextField()
        code = peewee.TextField()
        activated_at = Instant(null=True)
        assigned_at = Instant()
        ended_at = Instant(null=True)
        end_reason = peewee.TextField(null=True)

        class Meta:
            table_name = "assignments"
            indexes = ((("member", "ended_at"), False),)

    live = Assignment.ended_at.is_null()
    Assignment.add_index(
        Assignment.index(Assignment.license, unique=True, where=live, name="assignments_one_holder")
    )
    Assignment.add_index(
        Assignment.index(
            Assignment.member, Assignment.family, unique=True, where=live, name="assignments_one_per_family"
        )
    )
    Assignment.add_index(Assignment.index(Assignment.code, unique=True, where=live, name="assignments_code"))

    class Device(Table):
        assignment = peewee.ForeignKeyField(Assignment, column_name="assignment", index=False)
        device_id = peewee.TextField()
        name = peewee.TextField()
        activated_at = Instant()

        class Meta:
            table_name = "devices"
            primary_key = peewee.CompositeKey("assignment", "device_id")

    db.create_tables(
        [Account, Domain, AllowedAddress, Member, Plan, PlanVersion, Pool, Parking, License, Assignment, Device]
    )
