"""The mail server: one connection for a run of mails, and for each mail what became of it."""

import smtplib
import ssl
import time
from collections.abc import Callable
from email import policy, utils
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage, MIMEPart
from functools import cache, lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog

from kit import db
from notifier import domain
from notifier.domain import Letter

log = structlog.get_logger()

Ask = Callable[[], tuple[int, bytes]]

TIMEOUT = 3.0  # seconds for one answer
PER_MAIL = 8.0  # seconds from connecting to the last answer; a worker's part may be silent for 15
LONGEST_REST = 30.0  # seconds; the pause doubles up to it while the server is away
LOST = OSError  # the connection, at any moment; smtplib's own errors are OSErrors too
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
    """Sends by SMTP: smtp://host:port or smtp+starttls://user:password@host:port."""

    def __init__(self, url: str, sender: str):
        self.url = urlsplit(url)
        self.sender = sender
        self._from = utils.parseaddr(sender)[1]
        self._smtp: smtplib.SMTP | None = None
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
            self._smtp = self._connected()
        except OSError as error:
            self._pause = min(self._pause * 2, LONGEST_REST)
            self._away_until = time.monotonic() + self._pause
            log.warning("mail_server_away", error=repr(error), pause=self._pause)
            raise domain.ServerAway(f"mail server away: {error}") from error
        self._pause = 0.5

    def rest(self) -> None:
        """Nothing to send: hang up after a while, since the next mail may come at once."""
        if self._smtp is not None and time.monotonic() > self._deadline:
            self.close()

    def close(self) -> None:
        """Hang up politely; the next mail connects anew."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            try:
                smtp.quit()
            except OSError:
                smtp.close()

    def send(self, letter: Letter, message_id: str) -> None:
        """Hand the mail over. Deferred, Rejected and ReplyLost say why it did not certainly go."""
        try:
            message = _message(letter, self.sender, message_id)
        except (ValueError, MessageError) as error:  # an address that is none, or a text that is none
            raise domain.Rejected(f"no mail can be made of it: {error}") from error
        smtp = self._smtp
        assert smtp is not None, "open() comes first"
        try:
            self._expect(250, lambda: smtp.mail(self._from))
            self._expect(250, lambda: smtp.rcpt(message["To"].addresses[0].addr_spec))
            self._expect(354, lambda: smtp.docmd("DATA"))
        except LOST as error:
            self._drop()
            raise domain.Deferred(f"connection lost before the mail went out: {error}") from error
        content = message.as_bytes().replace(b"\r\n.", b"\r\n..")
        try:
            smtp.send(content + b".\r\n")
            self._expect(250, smtp.getreply, longest=PER_MAIL)
        except LOST as error:
            self._drop()
            raise domain.ReplyLost(f"no answer after the mail went out: {error}") from error

    def _expect(self, wanted: int, ask: Ask, longest: float | None = None) -> None:
        """Ask within what is left of the mail's time; another answer than the wanted one is a no."""
        self._hurry(self._smtp, longest)
        code, said = ask()
        if code == wanted:
            return
        self._drop()
        reason = f"{code} {said.decode(errors='replace')}"[:500]
        raise domain.Rejected(reason) if 500 <= code < 600 else domain.Deferred(reason)

    def _hurry(self, smtp: smtplib.SMTP | None, longest: float | None = None) -> None:
        if smtp is not None and smtp.sock is not None:
            smtp.sock.settimeout(max(0.1, min(longest or TIMEOUT, self._deadline - time.monotonic())))

    def _still_there(self) -> bool:
        """Servers close quiet connections; better noticed before a mail than in it."""
        if self._smtp is None:
            return False
        if not _says_something(self._smtp):
            return True
        self._hurry(self._smtp)
        try:
            if self._smtp.noop()[0] == 250:
                return True
        except OSError:
            pass
        self._drop()
        return False

    def _connected(self) -> smtplib.SMTP:
        smtp = smtplib.SMTP(self.url.hostname or "", self.url.port or 25, timeout=TIMEOUT)
        try:
            self._hurry(smtp)
            smtp.ehlo_or_helo_if_needed()
            if self.url.scheme == "smtp+starttls":
                smtp.starttls(context=ssl.create_default_context())
            self._hurry(smtp)
            if self.url.username:
                smtp.login(unquote(self.url.username), unquote(self.url.password or ""))
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def _says_something(smtp: smtplib.SMTP) -> bool:
    """Unasked: that it hangs up, or has."""
    return smtp.sock is None or db.has_news(smtp.sock.fileno())


def _message(letter: Letter, sender: str, message_id: str) -> EmailMessage:
    """Text and HTML with the same content; marked as automatic so that nobody's absence answers it."""
    message = EmailMessage(POLICY)
    message["From"] = sender
    message["To"] = _recipient(letter)
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


def _recipient(letter: Letter) -> Address:
    """Host names in their ASCII form; servers take other local parts only by special agreement."""
    local, _, host = letter.to.rpartition("@")
    spec = f"{local}@{host.encode('idna').decode()}"
    return Address(_as_it_is(" ".join(letter.name.split())), addr_spec=spec.encode("ascii").decode())


def _as_it_is(text: str) -> str:
    """The email package decodes encoded words, line breaks included: a name could be headers and a text."""
    return text.replace(ENCODED_WORD, "= ?")
