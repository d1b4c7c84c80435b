"""Plans and their versions. Frozen copies, independent of the models."""

import peewee

from kit.db import Instant


def up(_migrator, db):
    class Table(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Plan(Table):
        code = peewee.TextField(primary_key=True)
        rank = peewee.IntegerField(unique=True)
        status = peewee.TextField(default="published")
        version = peewee.IntegerField()
        successor = peewee.TextField(null=True)

        class Meta:
            table_name = "plans"

    class PlanVersion(Table):
        plan = peewee.ForeignKeyField(Plan, column_name="plan")
        version = peewee.IntegerField()
        content = peewee.JSONField()
        published_at = Instant()

        class Meta:
            table_name = "plan_versions"
            primary_key = peewee.CompositeKey("plan", "version")

    db.create_tables([Plan, PlanVersion])
