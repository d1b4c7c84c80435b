"""Writes the mail that brings a link. It says who wrote and until when; nothing of the message."""

from email.utils import parseaddr

from kit import smtp
from secure_messages import domain, words
from secure_messages.models import Message, Recipient


def write(recipient: Recipient, link: str, sender: str, url: str) -> domain.Letter:
    """`sender`: the product's own From; the sender's address stands there only if their plan has that."""
    message: Message = recipient.message
    say = words.speaker(message.language)
    name, address = parseaddr(sender)
    via = say("mail via", name=message.sender_name, product=name or address)
    sender_name = smtp.unlinked(message.sender_name)
    until = words.day(message.expires_at, message.language)
    leads_to = f"{url}/m/{link}"
    return domain.Letter(
        to=recipient.email,
        sender_name=message.sender_name if message.own_address else via,
        sender_address=message.sender_email if message.own_address else address,
        reply_to=message.sender_email,
        language=message.language,
        subject=say("mail subject", name=sender_name),
        text=say("mail text", name=sender_name, email=message.sender_email, link=leads_to, until=until),
        message_id=f"<{recipient.id}@{address.rpartition('@')[2]}>",
    )
