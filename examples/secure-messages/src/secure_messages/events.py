"""What the product announces: what people did with messages; never what stands in them."""

from typing import Any

from kit import clock
from kit.outbox import Event
from secure_messages.models import Attachment, Message, Recipient


def message_sent(message: Message, recipients: list[str], bytes_: int, files: int) -> Event:
    return _about(
        "message.sent",
        message,
        recipients=recipients,
        attachments=files,
        bytes=bytes_,
        signers=len(recipients) if message.signing else 0,
        expires_at=clock.to_text(message.expires_at),
    )


def message_opened(recipient: Recipient) -> Event:
    return _about("message.opened", recipient.message, recipient=recipient.email)


def attachment_downloaded(recipient: Recipient, attachment: Attachment) -> Event:
    which = {"attachment_id": str(attachment.id), "bytes": attachment.bytes}
    return _about("attachment.downloaded", recipient.message, recipient=recipient.email, **which)


def message_signed(recipient: Recipient, name: str, digest: str) -> Event:
    return _about("message.signed", recipient.message, recipient=recipient.email, name=name, digest=digest)


def message_deleted(message: Message, recipients: list[str]) -> Event:
    return _about("message.deleted", message, recipients=recipients)


def message_expired(message: Message, recipients: list[str]) -> Event:
    return _about("message.expired", message, recipients=recipients)


def _about(type_: str, message: Message, **data: Any) -> Event:
    which = {"message_id": str(message.id), "member_id": str(message.sender)}
    return Event(type_, str(message.account), {**which, **data})
