"""What is done here: note an activity, queue a notice, send the one that waits longest, record how it ended."""

import json
from operator import attrgetter
from typing import Any, Protocol

import structlog

from kit import clock, context, cursors, db, envelopes, outbox
from kit.db import given
from kit.errors import not_found, refuse
from kit.failpoints import failpoint
from kit.outbox import Event
from notifier import domain, events, letters
from notifier.models import Activity, Birth, MemberName, Notice
from notifier.wording import Wording

log = structlog.get_logger()

TOLD = ("time", "source", "sequence", "type", "actor", "address")  # of an event, as the log keeps it
told = attrgetter(*TOLD)


class Post(Protocol):
    """The mail server, see mail.py."""

    sender: str

    def resting(self) -> bool: ...
    def open(self) -> None: ...
    def send(self, letter: domain.Letter, message_id: str) -> None: ...
    def rest(self) -> None: ...


class Links(Protocol):
    """Who knows the secrets of links, see links.py."""

    def activation(self, account_id: str, license_id: str, assignment_id: str) -> domain.Activation: ...
    def address_token(self, account_id: str, member_id: str, change_id: str) -> str: ...


def note_activities(events: list[cursors.Arrived]) -> None:
    """One row of the account's log for each event about it."""
    id, data = Activity.id.db_value, Activity.data.db_value
    rows = ((id(e.id), id(e.subject), *told(e), data(e.data)) for e in events)
    anew = "ON CONFLICT (id) DO UPDATE SET undone_at = NULL"
    db.insert(Activity, ("id", "account", *TOLD, "data"), rows, anew)


_BORN = db.Statement(Birth.select(Birth.born_at))
_ABOUT = (Notice.id, Notice.account, Notice.kind, Notice.member, Notice.assignment, Notice.data)
_BY = (Notice.actor, Notice.correlation, Notice.due_at, Notice.created_at)
_QUEUE = db.Statement(Notice.insert({field: given(field) for field in (*_ABOUT, *_BY)}).on_conflict_ignore())


def queue_notice(
    kind: str, event: cursors.Arrived, member_id: str, data: dict[str, Any], assignment_id: str | None = None
) -> None:
    """Write to the member about the event, unless it happened too long ago to be news."""
    now = clock.now()
    [birth] = _BORN()
    if domain.worth_a_mail(event.time, birth.born_at, now):
        _QUEUE(
            id=domain.notice_id(event.id, kind),
            account=event.subject,
            kind=kind,
            member=member_id,
            assignment=assignment_id,
            actor=event.actor,
            correlation=event.correlation,
            data=data,
            due_at=now,
            created_at=now,
        )


_ENDED = {
    field: given(field)
    for field in (
        Notice.state,
        Notice.reason,
        Notice.cause,
        Notice.doubts,
        Notice.ended_at,
        Notice.sent_at,
    )
}
_DROP = db.Statement(
    Notice.update(_ENDED).where((Notice.id == given(Notice.id)) & (Notice.state == domain.QUEUED))
)


def drop_notices(here: Any, reason: str) -> None:
    """Do not send what is no longer true; a mail that is on its way stays."""
    for notice in Notice.select().where(here & (Notice.state == domain.QUEUED)):
        _end(notice, _DROP, domain.OBSOLETE, reason)


def queue_failed_notice(notice_id: str) -> None:
    """Send a notice again that failed or whose fate is unknown; under the Message-ID that it had."""
    with db.atomic():
        notice = db.locked(Notice.select().where(Notice.id == notice_id)).first() or not_found("notice")
        if notice.state not in domain.RESENDABLE:
            refuse("notice-not-failed", f"The notice is {notice.state}.", state=notice.state)
        _queue_again([notice])


def queue_failed_notices(cause: str) -> int:
    """Send all notices again that failed for this cause, at most 500 at once; return how many."""
    with db.atomic():
        failed = (Notice.cause == cause) & (Notice.state == domain.FAILED)
        notices = list(db.locked(Notice.select().where(failed).order_by(Notice.id).limit(domain.MOST_RESENDS)))
        _queue_again(notices)
    return len(notices)


def _queue_again(notices: list[Notice]) -> None:
    now = clock.now()
    queued = {"state": domain.QUEUED, "attempts": 0, "claim": None, "ended_at": None}
    due = {"due_at": now, "resent_at": now}
    for notice in notices:
        doubts = min(notice.doubts, domain.MOST_DOUBTS - 1)  # what may have arrived stays in doubt
        Notice.update(**queued, **due, doubts=doubts).where(Notice.id == notice.id).execute()
        _announce(events.notice_requeued(notice))


def undo_activity(source: str, subject: str, sequence: int) -> list[str]:
    """What a restored source told of the account after `sequence` and tells no longer: it stays in the log, as
    undone, and mails about it that wait are not sent. One sentence for each."""
    if not domain.is_id(subject):
        return []
    stream = (Activity.source == source) & (Activity.account == subject) & (Activity.sequence > sequence)
    with db.atomic():
        undone = list(
            Activity.select().where(stream & Activity.undone_at.is_null()).order_by(Activity.sequence)
        )
        ids = [row.id for row in undone]
        Activity.update(undone_at=clock.now()).where(Activity.id.in_(ids)).execute()
        MemberName.delete().where(MemberName.id.in_(ids)).execute()
        notices = [domain.notice_id(id, kind) for id in ids for kind in domain.KINDS]
        drop_notices(Notice.id.in_(notices), "undone by a restore")
    summary = Wording(domain.LANGUAGES[0]).summary
    return [f"  {clock.to_text(row.time)} {row.type}: {summary(row)} {json.dumps(row.data)}" for row in undone]


def send_next(post: Post, links: Links, portal_url: str) -> bool:
    """Send the notice that has waited longest; True while there is more to do at once.

    Nothing here waits for a server inside a transaction. What is said to the person is committed
    as `sending` before the server may take it, so a crash leaves a doubt and never a silent second mail.
    """
    if post.resting():
        return False
    notice = _claimed()
    if notice is None:
        post.rest()
        return False
    with context.acting(context.Context("service:notifier", notice.correlation)):
        try:
            _send(notice, post, links, portal_url)
        except domain.Obsolete as error:
            _record(notice, domain.OBSOLETE, str(error))
        except domain.Rejected as error:
            _record(notice, domain.FAILED, str(error), error.cause)
        except domain.ReplyLost as error:
            _doubt(notice, error)
        except domain.ServerAway as error:
            _put_back(notice, clock.now(), error)
        except domain.Deferred as error:
            _try_later(notice, error)
    return True


def _send(notice: Notice, post: Post, links: Links, portal_url: str) -> None:
    if notice.state == domain.SENDING:
        raise domain.ReplyLost("the worker ended while sending", domain.WORKER_LOST)
    if domain.too_old(notice.resent_at or notice.created_at, clock.now()):
        reason, cause = notice.reason or "not delivered in time", notice.cause or domain.NOT_IN_TIME
        return _record(notice, domain.FAILED, reason, cause)
    path, secret = _link(notice, links)
    message_id = domain.message_id(notice.id, post.sender)
    try:
        letter = _written(notice, f"{portal_url}/{path}/{secret}" if secret else None)
        post.open()
        if not _begun(notice, letter):
            return None
        failpoint("mail.before-data")
        post.send(letter, message_id)
    except (domain.Rejected, domain.Deferred, domain.ReplyLost) as error:
        raise type(error)(_without(secret, str(error)), error.cause) from None
    failpoint("mail.after-data")
    return _record(notice, domain.SENT, message_id=message_id)


def _written(notice: Notice, link: str | None) -> domain.Letter:
    """A notice that cannot be written waits for a release that can; the others go on."""
    try:
        return letters.write(notice, link)
    except (domain.Deferred, domain.Obsolete):
        raise
    except Exception as error:
        log.error("notice_not_written", notice=notice.id, kind=notice.kind, error=type(error).__name__)
        raise domain.Deferred(f"could not be written: {error!r}", domain.NOT_WRITTEN) from error


def _without(secret: str | None, said: str) -> str:
    """Hide the link's secret in an error: a server that refuses a mail may quote it."""
    return said.replace(secret, "…") if secret else said


def _link(notice: Notice, links: Links) -> tuple[str, str | None]:
    """Return the page of the portal that the mail leads to, and the secret that it asks for.

    Without a secret the mail has no link: a license that is activated needs none.
    """
    if notice.kind == domain.LICENSE_ASSIGNED:
        asked = links.activation(notice.account, notice.data["license_id"], notice.assignment)
        return "activate", None if asked.activated or notice.data["activated"] else asked.code
    if notice.kind == domain.ADDRESS_CONFIRMATION:
        return "address", links.address_token(notice.account, notice.member, notice.data["change_id"])
    return "", None


_DUE = (
    Notice.select(Notice.id)
    .where(Notice.ended_at.is_null() & (Notice.due_at <= given(Notice.due_at, "now")))
    .order_by(Notice.due_at)
    .limit(1)
)
_CLAIM = db.Statement(
    lambda: (
        Notice.update(claim=given(Notice.claim), due_at=given(Notice.due_at, "until"))
        .where(Notice.id == db.locked(_DUE, skip_taken=True))
        .returning(Notice)
    )
)


def _claimed() -> Notice | None:
    """Take the notice that has waited longest, for a minute, so that nobody else does; None when none is."""
    now = clock.now()
    with db.alone():
        found = _CLAIM(now=now, claim=clock.new_id(), until=now + domain.CLAIM)
    return Notice(**found[0]._asdict()) if found else None


_OURS = (Notice.id == given(Notice.id)) & (Notice.claim == given(Notice.claim)) & Notice.ended_at.is_null()
_BEGIN = db.Statement(
    Notice.update(
        state=domain.SENDING,
        address=given(Notice.address),
        subject=given(Notice.subject),
        text=given(Notice.text),
    ).where(_OURS)
)


def _begun(notice: Notice, letter: domain.Letter) -> bool:
    """Commit that the mail goes out now, as it is said, without its link."""
    said = {"address": letter.to, "subject": letter.subject, "text": letter.stored}
    with db.alone():
        return bool(_BEGIN(id=notice.id, claim=notice.claim, **said))


_PUT_BACK = db.Statement(
    Notice.update(
        state=domain.QUEUED,
        claim=None,
        due_at=given(Notice.due_at),
        reason=given(Notice.reason),
        cause=given(Notice.cause),
        attempts=given(Notice.attempts),
        doubts=given(Notice.doubts),
    ).where(_OURS)
)


def _put_back(notice: Notice, due_at: int, error: domain.NotSent) -> None:
    tried = {"attempts": notice.attempts, "doubts": notice.doubts}
    with db.alone():
        _PUT_BACK(
            id=notice.id, claim=notice.claim, due_at=due_at, reason=str(error), cause=error.cause, **tried
        )


def _try_later(notice: Notice, error: domain.Deferred) -> None:
    notice.attempts += 1
    tried = {"notice": notice.id, "kind": notice.kind, "attempts": notice.attempts}
    log.info("notice_deferred", **tried, cause=error.cause, reason=str(error))
    _put_back(notice, domain.next_try(notice.attempts, clock.now()), error)


def _doubt(notice: Notice, error: domain.ReplyLost) -> None:
    """It may have arrived: sent once more with the same Message-ID, then shown as unknown."""
    notice.doubts += 1
    doubted = {"notice": notice.id, "kind": notice.kind, "doubts": notice.doubts}
    log.warning("notice_in_doubt", **doubted, cause=error.cause, reason=str(error))
    if notice.doubts < domain.MOST_DOUBTS:
        return _put_back(notice, domain.next_try(notice.doubts, clock.now()), error)
    return _record(notice, domain.UNKNOWN, str(error), error.cause)


_END = db.Statement(Notice.update(_ENDED).where(_OURS))


def _record(
    notice: Notice,
    state: str,
    reason: str | None = None,
    cause: str | None = None,
    *,
    message_id: str = "",
) -> None:
    with db.atomic():
        _end(notice, _END, state, reason, cause, message_id=message_id)


def _end(
    notice: Notice,
    end: db.Statement,
    wanted: str,
    reason: str | None,
    cause: str | None = None,
    *,
    message_id: str = "",
) -> None:
    """The outcome and what is said of it; nothing when the notice is somebody else's by now."""
    state, now = domain.end_of(wanted, notice.doubts), clock.now()
    why = {"reason": reason, "cause": cause}
    outcome = {**why, "state": state, "doubts": notice.doubts, "ended_at": now}
    sent_at = now if state == domain.SENT else None
    if not end(id=notice.id, claim=notice.claim, sent_at=sent_at, **outcome):
        return
    log.info("notice_ended", notice=notice.id, kind=notice.kind, state=state, **why)
    if state == domain.SENT:
        _announce(events.notice_sent(notice, message_id))
    elif state in (domain.FAILED, domain.OBSOLETE):
        _announce(events.notice_failed(notice, reason or state))


def _announce(event: Event) -> None:
    """Say it, and note it in the account's own log: we do not listen to ourselves."""
    note_activities([envelopes.parse(envelope) for envelope in outbox.add(event)])


def forget_old() -> None:
    """A job: notices that ended are kept for 90 days; what they said stays in the activity log."""
    with db.atomic():
        Notice.delete().where(Notice.ended_at < clock.now() - domain.KEPT).execute()
