"""What people ask: what they sent, and what stands behind a link."""

import hashlib
import json
from typing import Any

from kit import clock, db
from kit.errors import not_found, refuse
from secure_messages import domain, sealing
from secure_messages.models import EndedSession, Message, Recipient

SHOWN = 200  # messages on the page of what was sent


def session_ended(member: str, session: domain.PortalSession) -> bool:
    """Whether the portal's session is over, by itself or because it or all of the member's were ended."""
    if clock.now() > session.until * clock.SECOND:
        return True
    of_all = (EndedSession.id == member) & (EndedSession.ended_at >= session.since)
    over = of_all | (EndedSession.id == session.id) if session.id else of_all
    return bool(EndedSession.select().where(over).exists())


def sent_by(account: str, member: str) -> list[Message]:
    """The newest first."""
    mine = (Message.account == account) & (Message.sender == member)
    return list(Message.select().where(mine).order_by(Message.created_at.desc()).limit(SHOWN))


def sent(message_id: str, member: str) -> Message:
    """One message, for its sender alone."""
    found: Message = Message.get_or_none(id=message_id, sender=member) or not_found("message")
    return found


def recipient(link: str, lock: bool = False) -> Recipient:
    """Whose link it is; refused for one that leads, or now leads, nowhere."""
    found: Recipient = Recipient.get_or_none(link_hash=sealing.link_hash(link)) or not_found("message")
    if lock:
        found.message = db.locked(Message.select().where(Message.id == found.message.id)).get()
    if found.message.gone_at is not None or found.message.expires_at <= clock.now():
        refuse("message-gone", "The message expired or was deleted.", status=410)
    return found


def message_key(found: Recipient, link: str, vault: sealing.Vault) -> bytes:
    return vault.unwrap(found.key, link)


def content(found: Recipient, link: str, vault: sealing.Vault) -> dict[str, Any]:
    """subject, body, files; and the digest of all of it, which is what a signature is under."""
    opened = sealing.unseal(message_key(found, link, vault), "content", found.message.sealed)
    return {**json.loads(opened), "digest": hashlib.sha256(opened).hexdigest()}
