"""Notices in words and rules: their kinds, their states, when to try again, when it is too late."""

import uuid
from email.utils import parseaddr
from typing import NamedTuple

SECOND = 1_000_000  # instants are microseconds
DAY = 24 * 3600 * SECOND

LANGUAGES = ("en", "fr")

ORDER_PAID, LICENSE_ASSIGNED = "order-paid", "license-assigned"
ADDRESS_REQUESTED, ADDRESS_CONFIRMATION = "address-requested", "address-confirmation"
ADDRESS_CHANGED, ROLES_CHANGED, NEW_DEVICE = "address-changed", "roles-changed", "new-device"
KINDS = (
    ORDER_PAID,
    LICENSE_ASSIGNED,
    ADDRESS_REQUESTED,
    ADDRESS_CONFIRMATION,
    ADDRESS_CHANGED,
    ROLES_CHANGED,
    NEW_DEVICE,
)
MEMBER_ROLE = "member"  # which everybody has; it is no news

# queued → sending → sent | failed | unknown; queued → obsolete; sending → queued when it may be tried again
QUEUED, SENDING = "queued", "sending"
SENT, FAILED, UNKNOWN, OBSOLETE = "sent", "failed", "unknown", "obsolete"
STATES = (QUEUED, SENDING, SENT, FAILED, UNKNOWN, OBSOLETE)

MAX_AGE = 3 * DAY  # of an event that still deserves a mail, and of a mail that is still tried
CLAIM = 60 * SECOND  # a worker has this long for one notice; longer than all its time limits together
RETRY_AFTER = (1, 5, 30, 60, 120, 300, 600, 1800)  # seconds; the last one repeats until MAX_AGE
RESENDABLE = (FAILED, UNKNOWN)
MOST_RESENDS = 500  # in one request
MOST_DOUBTS = 2  # a mail whose fate is unknown is sent once more
KEPT = 90 * DAY  # of a notice that has ended


# Why a mail is not sent, beside what servers reply (smtp-550-5.1.1, see kit.smtp_replies)
NO_MAIL, NOT_WRITTEN, NOT_KNOWN = "no-mail", "not-written", "not-known"
ENTITLEMENTS_AWAY, WORKER_LOST, NOT_IN_TIME = "entitlements-away", "worker-lost", "not-in-time"


class NotSent(Exception):
    """The mail did not certainly go; `cause` is the short name of the reason."""

    def __init__(self, reason: str, cause: str):
        super().__init__(reason)
        self.cause = cause


class Deferred(NotSent):
    """Certainly not sent; it may work later."""


class ServerAway(Deferred):
    """The mail server takes nobody's mail just now."""


class Rejected(NotSent):
    """The mail server will never take this mail."""


class ReplyLost(NotSent):
    """The mail went out and no answer came: it may have arrived or not."""


class Obsolete(Exception):
    """What the notice says is no longer true."""


class Letter(NamedTuple):
    """A mail as it is sent; `stored` is its text without the link, which is a secret."""

    to: str
    name: str
    language: str
    subject: str
    text: str
    html: str
    stored: str


class Activation(NamedTuple):
    """The secret of the person who holds a license, and whether they have used it."""

    code: str
    activated: bool


def notice_id(event_id: str, kind: str) -> str:
    """Return the id of an event's notice: of the first two kinds the event's own.

    Of the others it has the event's time, by which notices are listed, and the kind: one event
    may cause several mails.
    """
    if kind in (ORDER_PAID, LICENSE_ASSIGNED):
        return event_id
    return event_id[:19] + str(uuid.uuid5(uuid.UUID(event_id), kind))[19:]


def worth_a_mail(happened_at: int, born_at: int, now: int) -> bool:
    """A notifier deployed late, or back after days, does not write to people about the past."""
    return happened_at >= max(born_at, now - MAX_AGE)


def too_old(queued_at: int, now: int) -> bool:
    return now - queued_at > MAX_AGE


def next_try(attempts: int, now: int) -> int:
    """When to try again after so many failed attempts."""
    return now + RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1] * SECOND


def end_of(wanted: str, doubts: int) -> str:
    """Once a mail may have arrived, it can no longer be said not to have."""
    return UNKNOWN if wanted in (FAILED, OBSOLETE) and doubts else wanted


def language_of(*locales: str | None) -> str:
    """The first of the locales (fr, fr_CA, en-US) that we write; English when none is."""
    spoken = (locale[:2].lower() for locale in locales if locale)
    return next((language for language in spoken if language in LANGUAGES), LANGUAGES[0])


def is_id(text: str) -> bool:
    """Whether it is a UUID in its one spelling; PostgreSQL compares ids with nothing else."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def message_id(notice_id: str, mail_from: str) -> str:
    """The same for every copy of a notice, so that mailboxes show it once."""
    address = parseaddr(mail_from)[1]
    return f"<{notice_id}@{address.rpartition('@')[2]}>"
