"""Repeated requests are compared by what they say, beside their bytes."""

import peewee


def up(migrator, _db):
    migrator.migrate(migrator.add_column("idempotency_keys", "content_hash", peewee.TextField(null=True)))
