"""The sign of life of the service's workers, from which web processes serve gauges."""

import peewee

from kit.db import Id, Instant


def up(_migrator, db):
    class Heartbeat(peewee.Model):
        name = peewee.TextField(primary_key=True)
        starts = peewee.BigIntegerField()
        started_at = Instant()
        leader = peewee.TextField(null=True)
        beat_at = Instant(null=True)
        applied = Id(null=True)
        applied_at = Instant(null=True)

        class Meta:
            database = db
            table_name = "heartbeats"
            legacy_table_names = False

    db.create_tables([Heartbeat])
