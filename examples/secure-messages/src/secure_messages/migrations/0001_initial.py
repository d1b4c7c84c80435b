"""Messages, recipients, attachments and hand-overs. Frozen copies, independent of the models."""

import peewee

from kit.db import Id, Instant


def up(_migrator, db):
    class Table(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Message(Table):
        id = Id(primary_key=True)
        account = Id()
        sender = Id()
        sender_name = peewee.TextField()
        sender_email = peewee.TextField()
        language = peewee.TextField()
        own_address = peewee.BooleanField()
        signing = peewee.BooleanField()
        sealed = peewee.BlobField(null=True)
        created_at = Instant()
        expires_at = Instant()
        gone = peewee.TextField(null=True)
        gone_at = Instant(null=True)

        class Meta:
            table_name = "messages"
            indexes = ((("account", "sender", "id"), False),)

    Message.add_index(Message.expires_at, where=Message.gone_at.is_null(), name="messages_alive")
    Message.add_index(Message.gone_at, where=Message.gone_at.is_null(False), name="messages_gone")

    class Recipient(Table):
        id = Id(primary_key=True)
        message = peewee.ForeignKeyField(Message, on_delete="CASCADE")
        email = peewee.TextField()
        link_hash = peewee.TextField(unique=True)
        key = peewee.BlobField(null=True)
        link = peewee.BlobField(null=True)
        state = peewee.TextField(default="queued")
        reason = peewee.TextField(null=True)
        attempts = peewee.IntegerField(default=0)
        due_at = Instant()
        ended_at = Instant(null=True)
        opened_at = Instant(null=True)
        signed_at = Instant(null=True)
        signed_name = peewee.TextField(null=True)

        class Meta:
            table_name = "recipients"

    Recipient.add_index(Recipient.due_at, where=Recipient.ended_at.is_null(), name="recipients_due")

    class Attachment(Table):
        id = Id(primary_key=True)
        message = peewee.ForeignKeyField(Message, on_delete="CASCADE")
        bytes = peewee.BigIntegerField()

        class Meta:
            table_name = "attachments"

    class HandOver(Table):
        id = Id(primary_key=True)
        expires_at = Instant(index=True)

        class Meta:
            table_name = "hand_overs"

    db.create_tables([Message, Recipient, Attachment, HandOver])
