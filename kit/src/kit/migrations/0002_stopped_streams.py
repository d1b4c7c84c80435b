"""What operators need: which release gave a stream up and at which event, and what was done about it."""

import peewee

from kit.db import Id, Instant


def up(migrator, db):
    class Table(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class StreamAct(Table):
        id = Id(primary_key=True)
        at = Instant()
        actor = peewee.TextField()
        act = peewee.TextField()
        source = peewee.TextField()
        subject = peewee.TextField()
        event_id = Id()
        reason = peewee.TextField()

        class Meta:
            table_name = "stream_acts"

    migrator.migrate(
        migrator.add_column("cursors", "stopped_by", peewee.TextField(null=True)),
        migrator.add_column("cursors", "event", peewee.JSONField(null=True)),
    )
    db.create_tables([StreamAct])
