"""What people do with messages, what becomes of their mails, and how messages go."""

import json
from typing import Any, Protocol

import structlog

import seatwise
from kit import clock, context, db, outbox
from kit.errors import not_found, refuse
from kit.failpoints import failpoint
from secure_messages import domain, events, letters, queries, sealing
from secure_messages.files import Folder, Incoming
from secure_messages.models import Attachment, EndedSession, HandOver, Message, Recipient

log = structlog.get_logger()


class Post(Protocol):
    """The mail server, see mail.py."""

    sender: str

    def send(self, letter: domain.Letter) -> None: ...


def check_plan(licenses: seatwise.Client, member: str, wish: domain.Wish) -> None:
    """Whatever the message needs, the sender's plan has to allow. Every plan allows a message without more."""
    for feature, amount in wish.needs():
        answer = licenses.allows(member, feature, amount)
        if not answer and (amount or answer.reason != domain.NOT_IN_PLAN):
            _refuse(licenses, member, feature, answer, amount)


def _refuse(
    licenses: seatwise.Client, member: str, feature: str, answer: seatwise.Answer, amount: int | None = None
) -> None:
    held = licenses.license_of(member)
    facts = {"feature": feature, "value": answer.value, "amount": amount, "plan": held.plan if held else None}
    refuse(answer.reason, f"The sender's plan does not allow it: {feature}.", status=403, **facts)


def send_message(
    draft: domain.Draft, key: bytes, files: list[Incoming], vault: sealing.Vault, licenses: seatwise.Client
) -> None:
    """Seal it and queue its mails; once, however often the form is sent. The files are on the disk already."""
    check_plan(licenses, draft.sender.member, draft.wish)
    with db.atomic():
        if not _inserted(draft, key):
            if Message.get_by_id(draft.id).sender != draft.sender.member:
                refuse("message-exists", "Another message has that id.")
            return
        for email in draft.recipients:
            _add_recipient(draft, email, key, vault)
        for file in draft.files:
            Attachment.create(id=file.id, message=draft.id, bytes=file.bytes)
        said = (list(draft.recipients), draft.wish.bytes, len(draft.files))
        outbox.add(events.message_sent(Message.get_by_id(draft.id), *said))
    for incoming in files:
        incoming.keep()


def _inserted(draft: domain.Draft, key: bytes) -> bool:
    now, sender = clock.now(), draft.sender
    files = [file._asdict() for file in draft.files]
    content = json.dumps({"subject": draft.subject, "body": draft.body, "files": files})
    inserting = Message.insert(
        id=draft.id,
        account=sender.account,
        sender=sender.member,
        sender_name=sender.name,
        sender_email=sender.email,
        language=domain.language_of(sender.locale),
        own_address=draft.own_address,
        signing=draft.signing,
        sealed=sealing.seal(key, "content", content.encode()),
        created_at=now,
        expires_at=now + draft.days * domain.DAY,
    )
    return db.changed_one(inserting.on_conflict_ignore())


def _add_recipient(draft: domain.Draft, email: str, key: bytes, vault: sealing.Vault) -> None:
    link = sealing.new_link()
    Recipient.create(
        id=clock.new_id(),
        message=draft.id,
        email=email,
        link_hash=sealing.link_hash(link),
        key=vault.wrap(key, link),
        link=vault.keep(link),
        due_at=clock.now(),
    )


# Recipients. ------------------------------------------------------------------------------------


def open_message(link: str) -> None:
    """Somebody pressed the button; each time is told, with the address it came from."""
    with db.atomic():
        recipient = queries.recipient(link, lock=True)
        Recipient.update(opened_at=clock.now()).where(_is(recipient) & Recipient.opened_at.is_null()).execute()
        _by(recipient)
        outbox.add(events.message_opened(recipient))


def note_download(link: str, attachment_id: str) -> None:
    """An attachment of that message begins to be saved."""
    with db.atomic():
        recipient = queries.recipient(link, lock=True)
        _by(recipient)
        outbox.add(events.attachment_downloaded(recipient, Attachment.get_by_id(attachment_id)))


def sign_message(link: str, name: str, vault: sealing.Vault) -> None:
    """The recipient's name under exactly this content, once."""
    with db.atomic():
        recipient = queries.recipient(link, lock=True)
        if not recipient.message.signing:
            refuse("signature-not-asked", "Nobody asked for a signature of this message.")
        digest = queries.content(recipient, link, vault)["digest"]
        signing = Recipient.update(signed_at=clock.now(), signed_name=name)
        if db.changed_one(signing.where(_is(recipient) & Recipient.signed_at.is_null())):
            _by(recipient)
            outbox.add(events.message_signed(recipient, name, digest))


def _is(recipient: Recipient) -> Any:
    return Recipient.id == recipient.id


def _by(recipient: Recipient) -> None:
    """Recipients are no members: the log calls them by their row."""
    context.act(context.current()._replace(actor=f"recipient:{recipient.id}"))


# How messages go. -------------------------------------------------------------------------------


def delete_message(message_id: str, member: str, licenses: seatwise.Client, folder: Folder) -> None:
    """Its sender takes it back before it expires, if the plan has that."""
    answer = licenses.allows(member, "retrieval")
    if not answer:
        _refuse(licenses, member, "retrieval", answer)
    with db.atomic():
        mine = (Message.id == message_id) & (Message.sender == member)
        message = db.locked(Message.select().where(mine)).first() or not_found("message")
        removed = _remove(message, domain.DELETED) if message.gone_at is None else []
    folder.remove(removed)


def expire_next(folder: Folder) -> bool:
    """A job: the message that should be gone for longest goes; True while there may be more."""
    with context.acting(context.Context("service:secure-messages", clock.new_id())), db.atomic():
        due = Message.gone_at.is_null() & (Message.expires_at <= clock.now())
        message = db.locked(Message.select().where(due).order_by(Message.expires_at)).first()
        if message is None:
            return False
        removed = _remove(message, domain.EXPIRED)
    folder.remove(removed)
    return True


def _remove(message: Message, how: str) -> list[str]:
    """Content, keys and links go; who sent what to whom, and when, stays for a while. Returns the files, which
    go after the commit: should that be missed, they belong to nobody, and the sweep finds them."""
    now, ours = clock.now(), Recipient.message == message.id
    recipients = [recipient.email for recipient in Recipient.select().where(ours).order_by(Recipient.id)]
    files = [str(file.id) for file in Attachment.select().where(Attachment.message == message.id)]
    Message.update(sealed=None, gone=how, gone_at=now).where(Message.id == message.id).execute()
    Recipient.update(key=None, link=None).where(ours).execute()
    dropped = {"state": domain.DROPPED, "reason": how, "ended_at": now}
    Recipient.update(dropped).where(ours & Recipient.ended_at.is_null()).execute()
    Attachment.delete().where(Attachment.message == message.id).execute()
    gone = {domain.DELETED: events.message_deleted, domain.EXPIRED: events.message_expired}
    outbox.add(gone[how](message, recipients))
    return files


def forget_old(folder: Folder) -> None:
    """Delete messages gone for 90 days, used hand-overs, ended sessions, and files of no message."""
    now = clock.now()
    with db.atomic():
        Message.delete().where(Message.gone_at < now - domain.KEPT).execute()
        HandOver.delete().where(HandOver.expires_at < now).execute()
        EndedSession.delete().where(EndedSession.ended_at < now - domain.DAY).execute()
    strangers = folder.strangers()
    known = {str(attachment.id) for attachment in Attachment.select(Attachment.id)}
    folder.remove(set(strangers) - known)


# Signing in and mail. ---------------------------------------------------------------------------


def use_hand_over(id_: str, expires_at: int) -> bool:
    """False when the token was used before."""
    with db.atomic():
        return db.changed_one(HandOver.insert(id=id_, expires_at=expires_at).on_conflict_ignore())


def end_sessions(id_: str, ended_at: int) -> None:
    """Note that a session of the portal ended, or all that its member had begun before."""
    if ended_at < clock.now() - domain.DAY:
        return  # an old event: no session lasts that long
    with db.atomic():
        noting = EndedSession.insert(id=id_, ended_at=ended_at)
        noting.on_conflict(
            conflict_target=[EndedSession.id], update={EndedSession.ended_at: ended_at}
        ).execute()


def send_next(post: Post, vault: sealing.Vault, url: str) -> bool:
    """A job: send the mail that waits longest, at least once; True while there may be more.

    It is committed as `sending` before the server may take it. Whatever happens then, it is due again in a
    minute, with the same Message-ID, so that mailboxes show it once.
    """
    now = clock.now()
    due = Recipient.ended_at.is_null() & (Recipient.due_at <= now)
    recipient = Recipient.select().where(due).order_by(Recipient.due_at).first()
    if recipient is None:
        return False
    claimed, attempts = now + domain.CLAIM, recipient.attempts + 1
    unchanged = _is(recipient) & (Recipient.due_at == recipient.due_at) & Recipient.ended_at.is_null()
    claiming = Recipient.update(state=domain.SENDING, due_at=claimed, attempts=attempts)
    with db.atomic():
        if not db.changed_one(claiming.where(unchanged)):
            return True  # another worker's
    ours = _is(recipient) & (Recipient.due_at == claimed) & Recipient.ended_at.is_null()
    try:
        post.send(letters.write(recipient, vault.kept(recipient.link), post.sender, url))
        failpoint("mail.after-data")
        outcome = _ended(domain.SENT, None)
    except domain.Rejected as error:
        outcome = _ended(domain.FAILED, str(error))
    except domain.Deferred as error:
        if error.ours:
            log.warning("mail_server_refuses", recipient=recipient.id, reason=str(error))
        later = domain.next_try(attempts, clock.now())
        outcome = {"state": domain.QUEUED, "due_at": later, "reason": str(error)}
    log.info("mail", recipient=recipient.id, state=outcome["state"], reason=outcome["reason"])
    with db.atomic():
        Recipient.update(outcome).where(ours).execute()
    return True


def _ended(state: str, reason: str | None) -> dict[str, Any]:
    """The link is in the mailbox now, or nowhere; here it is forgotten."""
    return {"state": state, "reason": reason, "ended_at": clock.now(), "link": None}
