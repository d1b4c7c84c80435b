"""The kit's own tables: log, cursors, lease, stored answers. Frozen copies, independent of the models."""

import peewee

from kit.db import Id, Instant


def up(_migrator, db):
    class Table(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Stream(Table):
        subject = peewee.TextField(primary_key=True)
        head = peewee.BigIntegerField()
        last = Id()
        previous = Id(null=True)
        moved_at = Instant(index=True)

        class Meta:
            table_name = "streams"

    class Outbox(Table):
        id = peewee.BigAutoField()
        event_id = Id()
        subject = peewee.TextField()
        sequence = peewee.BigIntegerField()
        type = peewee.TextField()
        envelope = peewee.TextField()
        created_at = Instant()
        published_at = Instant(null=True)

        class Meta:
            table_name = "outbox"
            indexes = ((("subject", "sequence"), True),)

    Outbox.add_index(Outbox.id, where=Outbox.published_at.is_null(), name="outbox_unsent")

    class Cursor(Table):
        source = peewee.TextField()
        subject = peewee.TextField()
        sequence = peewee.BigIntegerField(default=0)
        last = Id(null=True)
        head = peewee.BigIntegerField(default=0)
        attempts = peewee.IntegerField(default=0)
        retry_at = Instant(null=True)
        error = peewee.TextField(null=True)
        stopped = peewee.TextField(null=True)

        class Meta:
            table_name = "cursors"
            primary_key = peewee.CompositeKey("source", "subject")

    Cursor.add_index(Cursor.source, Cursor.subject, where=Cursor.sequence < Cursor.head, name="cursors_behind")

    class Lease(Table):
        name = peewee.TextField(primary_key=True)
        holder = peewee.TextField()
        expires_at = Instant()

        class Meta:
            table_name = "leases"

    class IdempotencyKey(Table):
        scope = peewee.TextField(primary_key=True)
        request_hash = peewee.TextField()
        status = peewee.IntegerField(null=True)
        body = peewee.TextField(null=True)
        created_at = Instant(index=True)

        class Meta:
            table_name = "idempotency_keys"

    db.create_tables([Stream, Outbox, Cursor, Lease, IdempotencyKey])
