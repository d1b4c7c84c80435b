"""Counts of the limits, shared by all processes of a service."""

import peewee

from kit.db import Instant


def up(_migrator, db):
    class LimitCount(peewee.Model):
        key = peewee.TextField(primary_key=True)
        count = peewee.BigIntegerField()
        expires_at = Instant(index=True)

        class Meta:
            database = db
            table_name = "limit_counts"
            legacy_table_names = False

    db.create_tables([LimitCount])
