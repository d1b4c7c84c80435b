"""Secure messages in words and rules: how long they live, what a plan has to allow, how their mail fares."""

import re
import uuid
from typing import NamedTuple

from kit import smtp

SECOND = 1_000_000  # instants are microseconds
DAY = 24 * 3600 * SECOND
MEGABYTE = 1024 * 1024

LANGUAGES = ("en", "fr")
USUAL_DAYS, MOST_DAYS = 30, 90
MOST_RECIPIENTS, MOST_FILES = 50, 50
LONGEST_SUBJECT, LONGEST_BODY, LONGEST_NAME = 200, 100_000, 100  # characters
MOST_PARTS = 2 * MOST_FILES  # of a form; up to there, too many files are refused with all that was typed
TEXTS = MEGABYTE  # the most that a form is, beside its attachments
MOST_IGNORED = 4096 * MEGABYTE  # of a form that was refused
KEPT = 90 * DAY  # of what is known about a message that is gone

DELETED, EXPIRED = "deleted", "expired"  # how a message goes

# Its mail: queued → sending → sent | failed | dropped; sending → queued when it may be tried again
QUEUED, SENDING = "queued", "sending"
SENT, FAILED, DROPPED = "sent", "failed", "dropped"
CLAIM = 60 * SECOND  # a worker has this long for one mail
RETRY_AFTER = (1, 5, 30, 60, 300, 1800)  # seconds; the last one repeats
NOT_IN_PLAN = "feature-not-in-plan"


class Deferred(Exception):
    """The mail server may take the mail later; `ours`: an operator has to mend something first."""

    def __init__(self, reason: str, *, ours: bool = False):
        super().__init__(reason)
        self.ours = ours


class Rejected(Exception):
    """The mail server will never take the mail."""


class Person(NamedTuple):
    """Who is signed in, as the portal said it."""

    account: str
    member: str
    name: str
    email: str
    locale: str


class PortalSession(NamedTuple):
    """The session of the portal that a person came from; the one here ends with it.

    It began at `since` (microseconds) and ends by itself at `until` (seconds since 1970). A portal of
    release 0.1 names none: `id` is empty.
    """

    id: str
    since: int
    until: int


class Wish(NamedTuple):
    """How much a message asks of its sender's plan."""

    bytes: int
    files: int = 0
    signers: int = 0
    own_address: bool = False

    def needs(self) -> tuple[tuple[str, int], ...]:
        """The features of the plan, and how much of each."""
        megabytes = -(-self.bytes // MEGABYTE) or int(self.files > 0)  # empty ones are attachments too
        return (
            ("attachments.max_mb", megabytes),
            ("signatures.max_signers", self.signers),
            ("own_address", int(self.own_address)),
        )


class Attached(NamedTuple):
    """A file as it was sealed; `digest` is the SHA-256 of its content."""

    id: str
    name: str
    bytes: int
    digest: str


class Draft(NamedTuple):
    """A message as its sender wants it. `id` is that of the form, so that sending it twice is one message."""

    id: str
    sender: Person
    recipients: tuple[str, ...]
    subject: str
    body: str
    days: int
    signing: bool
    own_address: bool
    files: tuple[Attached, ...] = ()

    @property
    def wish(self) -> Wish:
        total = sum(file.bytes for file in self.files)
        signers = len(self.recipients) if self.signing else 0
        return Wish(total, len(self.files), signers, self.own_address)


class Letter(NamedTuple):
    """The mail that brings a link; its From is the sender's name and address."""

    to: str
    sender_name: str
    sender_address: str
    reply_to: str
    language: str
    subject: str
    text: str
    message_id: str


def next_try(attempts: int, now: int) -> int:
    return now + RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1] * SECOND


def language_of(locale: str | None) -> str:
    spoken = (locale or "")[:2].lower()
    return spoken if spoken in LANGUAGES else LANGUAGES[0]


def addresses(typed: str) -> tuple[str, ...]:
    """The addresses in a text as people paste it, each once, in order."""
    return tuple(dict.fromkeys(smtp.pasted_addresses(typed)))


_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(
    rf"(?=.{{1,254}}$)(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@({_LABEL}\.)+(?=[a-z]){_LABEL}",
    re.ASCII | re.IGNORECASE,
)


def is_address(text: str) -> bool:
    """As plain as entitlements wants it, in ASCII, and without an encoded word."""
    return _ADDRESS.fullmatch(text) is not None and not has_encoded_word(text)


def has_encoded_word(text: str) -> bool:
    """Whether programs that read mail, and the email package itself, take some of it for other characters."""
    return "=?" in text


def days(typed: str) -> int:
    """How many days somebody typed; 0 when that is no number, or a longer one than any that is allowed."""
    return int(typed) if re.fullmatch("[0-9]{1,2}", typed) else 0


def is_id(text: str) -> bool:
    """Whether it is a UUID in its one spelling; PostgreSQL compares ids with nothing else."""
    try:
        return str(uuid.UUID(text)) == text
    except (ValueError, AttributeError, TypeError):
        return False
