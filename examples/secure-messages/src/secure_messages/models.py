"""The tables: messages, their recipients with the mail to each, their attachments, hand-overs used up."""

from typing import Any

import peewee

from kit import db
from secure_messages import domain


class Sealed(peewee.BlobField):
    """Bytes that only a key can read."""

    def python_value(self, value: Any) -> bytes | None:
        return None if value is None else bytes(value)


class Message(db.Table):
    """What is known about a message without its key. `sealed` holds the rest; it is null once the message is
    `gone` (deleted or expired)."""

    id = db.Id(primary_key=True)
    account = db.Id()
    sender = db.Id()
    sender_name = peewee.TextField()
    sender_email = peewee.TextField()
    language = peewee.TextField()
    own_address = peewee.BooleanField()
    signing = peewee.BooleanField()
    sealed = Sealed(null=True)
    created_at = db.Instant()
    expires_at = db.Instant()
    gone = peewee.TextField(null=True)
    gone_at = db.Instant(null=True)

    class Meta:
        indexes = ((("account", "sender", "id"), False),)


Message.add_index(Message.expires_at, where=Message.gone_at.is_null(), name="messages_alive")
Message.add_index(Message.gone_at, where=Message.gone_at.is_null(False), name="messages_gone")


class Recipient(db.Table):
    """Whom a message is for, with its key as the link opens it, and the mail that brings the link.

    `link` is there, sealed, until the mail has ended. `due_at` is when a worker may take the mail next.
    """

    id = db.Id(primary_key=True)
    message = peewee.ForeignKeyField(Message, backref="recipients", on_delete="CASCADE")
    email = peewee.TextField()
    link_hash = peewee.TextField(unique=True)
    key = Sealed(null=True)
    link = Sealed(null=True)
    state = peewee.TextField(default=domain.QUEUED)
    reason = peewee.TextField(null=True)
    attempts = peewee.IntegerField(default=0)
    due_at = db.Instant()
    ended_at = db.Instant(null=True)
    opened_at = db.Instant(null=True)
    signed_at = db.Instant(null=True)
    signed_name = peewee.TextField(null=True)


Recipient.add_index(Recipient.due_at, where=Recipient.ended_at.is_null(), name="recipients_due")


class Attachment(db.Table):
    """A sealed file in the folder; its name is sealed with the message."""

    id = db.Id(primary_key=True)
    message = peewee.ForeignKeyField(Message, backref="attachments", on_delete="CASCADE")
    bytes = peewee.BigIntegerField()


class EndedSession(db.Table):
    """A session of the portal that ended, or a member whose sessions all ended at `ended_at`."""

    id = db.Id(primary_key=True)
    ended_at = db.Instant(index=True)


class HandOver(db.Table):
    """A token of the portal that was used; kept until nobody would take it anyway."""

    id = db.Id(primary_key=True)
    expires_at = db.Instant(index=True)
