"""The tables: a plan and its immutable versions."""

import peewee

from catalog import domain
from kit import db


class Plan(db.Table):
    """What can be bought under one code; `version` is the current one."""

    code = peewee.TextField(primary_key=True)
    rank = peewee.IntegerField(unique=True)
    status = peewee.TextField(default=domain.PUBLISHED)
    version = peewee.IntegerField()
    successor = peewee.TextField(null=True)

    @classmethod
    def locked(cls, code: str) -> "Plan | None":
        plan: Plan | None = db.locked(cls.select().where(cls.code == code)).first()
        return plan


class PlanVersion(db.Table):
    """What a plan grants and costs; never changed once published."""

    plan = peewee.ForeignKeyField(Plan, backref="versions", column_name="plan")
    version = peewee.IntegerField()
    content = peewee.JSONField()
    published_at = db.Instant()

    class Meta:
        primary_key = peewee.CompositeKey("plan", "version")
