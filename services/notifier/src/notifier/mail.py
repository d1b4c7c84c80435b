"""The mail server: one connection for a run of mails, and for each mail what became of it."""

import time
from email import policy, utils
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage, MIMEPart
from functools import cache, lru_cache
from typing import Any

import structlog

from kit import db, smtp
from kit.smtp_replies import NotSent, Rejected, ReplyLost, SenderRefused, Unavailable
from notifier import domain
from notifier.domain import Letter

log = structlog.get_logger()

TIMEOUT = smtp.PATIENCE  # seconds for one answer
PER_MAIL = smtp.PER_MESSAGE  # seconds from connecting to the last answer
LONGEST_REST = 30.0  # seconds; the pause doubles up to it while the server is away
ENCODED_WORD = "=?"  # how one begins
BOUNDARY = "=_part"  # in quoted-printable text a hexadecimal number or the end of a line follows =, never _


class _Headers(HeaderRegistry):
    """Makes the class of each kind of header once: the library makes one for each header of each mail."""

    @cache  # noqa: B019, there is one registry
    def __getitem__(self, name: str) -> type:
        return super().__getitem__(name)


class _Policy(policy.EmailPolicy):
    """Reads and folds once what most mails say: the library does it anew for each header of each mail."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        return _read(name, value) if isinstance(value, str) else super().header_store_parse(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return _folded(self.linesep, name, value)


PLAIN = policy.SMTP.clone(header_factory=_Headers())
POLICY = _Policy(linesep=PLAIN.linesep, header_factory=PLAIN.header_factory)


@lru_cache(100)
def _read(name: str, value: str) -> tuple[str, Any]:
    return PLAIN.header_store_parse(name, value)


@lru_cache(100)
def _folded(linesep: str, name: str, value: str) -> bytes:
    return PLAIN.clone(linesep=linesep).fold_binary(name, value)


class Post:
    """Sends by SMTP through one connection; `url` is SMTP_URL, see kit.smtp."""

    def __init__(self, url: str, sender: str):
        self.server = smtp.parse(url)
        self.sender = sender
        self._from = smtp.sender_of(sender)
        self._smtp: smtp.Connection | None = None
        self._away_until = 0.0
        self._pause = 0.5
        self._deadline = 0.0  # of the mail being sent; the last one's while nothing is sent

    def resting(self) -> bool:
        """The server was away a moment ago: too early to knock again."""
        return time.monotonic() < self._away_until

    def open(self) -> None:
        """Connect unless connected; ServerAway when the server does not take us."""
        self._deadline = time.monotonic() + PER_MAIL
        if self._still_there():
            return
        try:
            self._smtp = smtp.connect(self.server, PER_MAIL, TIMEOUT)
        except Unavailable as error:
            raise self._away(error) from error

    def rest(self) -> None:
        """Nothing to send: hang up after a while, since the next mail may come at once."""
        if self._smtp is not None and time.monotonic() > self._deadline:
            self.close()

    def close(self) -> None:
        """Hang up politely; the next mail connects anew."""
        connection, self._smtp = self._smtp, None
        if connection is not None:
            try:
                connection.quit()
            except OSError:
                connection.close()

    def send(self, letter: Letter, message_id: str) -> None:
        """Hand the mail over. Deferred, Rejected and ReplyLost say why it did not certainly go."""
        try:
            recipient = smtp.ascii_address(letter.to)
            message = _message(letter, recipient, self.sender, message_id)
        except (ValueError, MessageError) as error:  # an address that is none, or a text that is none
            raise domain.Rejected(f"no mail can be made of it: {error}", domain.NO_MAIL) from error
        assert self._smtp is not None, "open() comes first"
        try:
            self._smtp.transmit(self._from, recipient, message.as_bytes())
        except NotSent as error:
            self._smtp = None
            raise self._outcome(error) from error
        self._pause = 0.5

    def _outcome(self, error: NotSent) -> Exception:
        """What it means for this mail; a server that gave a verdict on one is there."""
        if isinstance(error, Unavailable):
            return self._away(error)
        self._pause = 0.5
        if isinstance(error, SenderRefused):
            log.warning("mail_sender_refused", cause=error.cause, reason=str(error))
        kinds = {Rejected: domain.Rejected, ReplyLost: domain.ReplyLost}
        return kinds.get(type(error), domain.Deferred)(str(error), error.cause)

    def _away(self, error: Unavailable) -> domain.ServerAway:
        """Leave the server in peace for longer and longer: it would take no other mail either."""
        self._pause = min(self._pause * 2, LONGEST_REST)
        self._away_until = time.monotonic() + self._pause
        log.warning("mail_server_away", cause=error.cause, error=str(error), pause=self._pause)
        return domain.ServerAway(f"mail server away: {error}", error.cause)

    def _still_there(self) -> bool:
        """Servers close quiet connections; better noticed before a mail than in it."""
        if self._smtp is None:
            return False
        self._smtp.allow(PER_MAIL)
        if not _says_something(self._smtp):
            return True
        try:
            if self._smtp.noop()[0] == 250:
                return True
        except OSError:
            pass
        connection, self._smtp = self._smtp, None
        connection.close()
        return False


def _says_something(connection: smtp.Connection) -> bool:
    """Unasked: that it hangs up, or has."""
    return connection.sock is None or db.has_news(connection.sock.fileno())


def _message(letter: Letter, recipient: str, sender: str, message_id: str) -> EmailMessage:
    """Text and HTML with the same content; marked as automatic so that nobody's absence answers it."""
    message = EmailMessage(POLICY)
    message["From"] = sender
    message["To"] = Address(_as_it_is(" ".join(letter.name.split())), addr_spec=recipient)
    message["Subject"] = _as_it_is(letter.subject)
    message["Date"] = utils.localtime()
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = f'multipart/alternative; boundary="{BOUNDARY}"'
    message["Content-Language"] = letter.language
    message.set_payload([_part(letter.text, "plain"), _part(letter.html, "html")])
    return message


def _part(text: str, subtype: str) -> MIMEPart:
    part = MIMEPart(POLICY)
    part.set_content(text, subtype=subtype, cte="quoted-printable")
    return part


def _as_it_is(text: str) -> str:
    """The email package decodes encoded words, line breaks included: a name could be headers and a text."""
    return text.replace(ENCODED_WORD, "= ?")
