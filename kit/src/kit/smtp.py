"""SMTP for every unit: one form of SMTP_URL, one way to connect, one reading of replies.

SMTP_URL is `smtp://host` (port 25, no TLS), `smtp+starttls://user:password@host` (587) or
`smtps://user:password@host` (465); user and password are percent-encoded. TLS is required and the
certificate is verified wherever the scheme names it.
"""

import io
import ipaddress
import re
import smtplib
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from kit import metrics
from kit.smtp_replies import NotSent, Postponed, ReplyLost, Unavailable, refusal

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
ADDRESS = re.compile(  # RFC 5321 §4.1.2: a dot-string or a quoted string, and a domain or an address literal
    r"""([\w!#$%&'*+/=?^`{|}~.-]+|"[^"\\\x00-\x1f\x7f]+")@([a-z0-9.-]+|\[[a-z0-9.:]+\])""",
    re.ASCII | re.IGNORECASE,
)
CLEARTEXT = "login=cleartext"  # the option that allows a login without TLS beyond loopback
MAILBOX_HOST, MAILBOX_PORT, MAILBOX_BANNER = "mailbox", 1025, "Seatwise mailbox"
PATIENCE = 3.0  # seconds for one reply
LOST = "smtp-connection-lost"  # the cause when no reply came
PER_MESSAGE = 8.0  # seconds from connecting to the last reply; a worker's part may be silent for 15


@dataclass(frozen=True)
class Server:
    """What SMTP_URL names; the password appears in neither repr nor str."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def on_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse(url: str) -> Server:
    """Return the server that SMTP_URL names; a ValueError says in one line what is wrong with it.

    The message repeats nothing of the URL: where it is malformed, any part may be the password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        user, password = (unquote(part or "", errors="strict") for part in (parts.username, parts.password))
        host.encode("idna")
    except ValueError:
        _refuse("is not a URL; percent-encode user and password")
    if parts.scheme not in PORTS:
        _refuse("needs the scheme smtp, smtp+starttls or smtps")
    if not host or not url.isprintable() or " " in url:
        _refuse("names no host")
    if parts.path not in ("", "/") or parts.fragment:
        _refuse("takes no path and no fragment; percent-encode user and password")
    if "starttls" in parts.query:
        _refuse("takes no option starttls; write smtp+starttls://")
    if parts.query and (parts.scheme, parts.query) != ("smtp", CLEARTEXT):
        _refuse("has an unknown option")
    if bool(user) != bool(password):
        _refuse("needs both a user and a password, or neither")
    if not (user + password).isascii() or not (user + password).isprintable():
        _refuse("has a user or a password with characters other than printable ASCII")
    server = Server(parts.scheme, host, port or PORTS[parts.scheme], user, password)
    if user and server.scheme == "smtp" and not (parts.query or server.on_loopback):
        _refuse(
            "would send the password in clear; write smtp+starttls:// or smtps://, "
            f"or add ?{CLEARTEXT} for a network you trust"
        )
    return server


def is_mailbox(server: Server) -> bool:
    """Return whether this is the mailbox of `make run` and compose, or another one for tests, by its name."""
    return server.host == MAILBOX_HOST or server.port == MAILBOX_PORT


def _refuse(reason: str) -> NoReturn:
    raise ValueError(f"SMTP_URL {reason}") from None


INVISIBLE = re.compile("[\ufeff\u200b-\u200d\u2060\xa0]")
QUOTED_NAME = re.compile(r'"[^"\r\n]*"')
BRACKETED = re.compile(r"<([^<>]*)>")
MAILTO = re.compile(r"^mailto:([^?]*)(\?.*)?$", re.IGNORECASE)
ADDRESS_MARK = re.compile(r"[.@](?=\S)|:(?=/)")


class _Replies(io.RawIOBase):
    """The bytes of replies, read within the connection's deadline, also when they come one by one."""

    def __init__(self, connection: "Connection"):
        self.connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        socket = self.connection.sock
        assert socket is not None
        if (left := self.connection.reply_by - time.monotonic()) <= 0:
            raise TimeoutError("no reply in time")
        socket.settimeout(left)
        count = socket.recv_into(buffer)
        socket.settimeout(self.connection.seconds())
        return count


class Connection(smtplib.SMTP):
    """smtplib's client with a deadline for each reply and for a whole message."""

    def __init__(self, server: Server, seconds: float, patience: float, **options: Any):
        self.patience = patience
        self.reply_by = 0.0
        self.allow(seconds)
        super().__init__(server.host, server.port, timeout=self.seconds(), **options)

    def connect(self, *where: Any, **options: Any) -> tuple[int, bytes]:
        code, text = super().connect(*where, **options)
        self.greeting = text.decode(errors="replace")
        return code, text

    def allow(self, seconds: float) -> None:
        """Begin a message: all its replies have to come within so many seconds."""
        self.ends = time.monotonic() + seconds

    def seconds(self, patience: float | None = None) -> float:
        """Return how long the next step may take."""
        return max(0.1, min(patience or self.patience, self.ends - time.monotonic()))

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self.seconds())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        self.reply_by = time.monotonic() + self.seconds()
        if self.file is None:
            self.file = io.BufferedReader(_Replies(self))
        return super().getreply()

    def transmit(self, sender: str, recipient: str, content: bytes) -> None:
        """Hand over one message, `content` with CRLF line ends; NotSent also ends the connection."""
        try:
            self._transmit(sender, recipient, content)
        except NotSent as error:
            self.close()
            _count(error)
            raise
        metrics.SMTP_UNAVAILABLE.set(0)

    def _transmit(self, sender: str, recipient: str, content: bytes) -> None:
        try:
            self.name_sender(sender)
            self._expect("RCPT", 2, self.docmd("RCPT", f"TO:<{recipient}>"))
            self._expect("DATA", 3, self.docmd("DATA"))
        except OSError as error:
            raise Postponed(f"connection lost before the message went out: {error}", LOST) from error
        patience, self.patience = (
            self.patience,
            max(self.patience, PER_MESSAGE),
        )  # the server may think about the content
        try:
            self.send(_quoted(content))
            reply = self.getreply()
        except OSError as error:
            raise ReplyLost(f"no reply after the message went out: {error}", LOST) from error
        finally:
            self.patience = patience
        if reply[0] // 100 not in (2, 4, 5):
            raise ReplyLost(f"a reply that is none after the message went out: {reply}", LOST)
        self._expect("DATA", 2, reply)

    def name_sender(self, sender: str) -> None:
        """Say from which address the message is, as its first command."""
        self._expect("MAIL", 2, self.docmd("MAIL", f"FROM:<{sender}>"))

    def _expect(self, stage: str, success: int, reply: tuple[int, bytes]) -> None:
        """Accept the class of codes that is a success here (RFC 5321 §4.2.1), raise what others mean."""
        code, text = reply
        if code // 100 != success:
            raise refusal(stage, code, text.decode(errors="replace"))


def _quoted(content: bytes) -> bytes:
    """Double the dot at the beginning of a line and end with the line that is a dot (RFC 5321 §4.5.2)."""
    first = b"." if content.startswith(b".") else b""
    last = b"" if content.endswith(b"\r\n") else b"\r\n"
    return first + content.replace(b"\r\n.", b"\r\n..") + last + b".\r\n"


class _Tls(Connection, smtplib.SMTP_SSL):
    """TLS from the first byte."""


def connect(server: Server, seconds: float = PER_MESSAGE, patience: float = PATIENCE) -> Connection:
    """Connect, negotiate TLS and log in; Unavailable says which step failed."""
    try:
        return _connect(server, seconds, patience)
    except Unavailable as error:
        _count(error)
        raise


def _connect(server: Server, seconds: float, patience: float) -> Connection:
    step = "CONNECT"
    connection: Connection | None = None
    try:
        if server.scheme == "smtps":
            connection = _Tls(server, seconds, patience, context=ssl.create_default_context())
        else:
            connection = Connection(server, seconds, patience)
        connection.ehlo_or_helo_if_needed()
        if server.scheme == "smtp+starttls":
            step = "STARTTLS"
            connection.starttls(context=ssl.create_default_context())
            # RFC 3207 §4.2: the server forgets what came before TLS, also our EHLO.
            connection.ehlo_or_helo_if_needed()
        if server.user:
            step = "AUTH"
            connection.login(server.user, server.password)
    except (OSError, UnicodeError) as error:  # smtplib's errors are OSErrors
        if connection is not None:
            connection.close()
        raise _unavailable(server, step, error) from error
    return connection


def deliver(
    server: Server,
    sender: str,
    recipient: str,
    content: bytes,
    *,
    seconds: float = PER_MESSAGE,
    patience: float = PATIENCE,
) -> None:
    """Hand over one message by a connection of its own; raises NotSent."""
    connection = connect(server, seconds, patience)
    try:
        connection.transmit(sender, recipient, content)
        with suppress(OSError):  # the message is the server's, however it says goodbye
            connection.quit()
    finally:
        connection.close()


def _unavailable(server: Server, step: str, error: Exception) -> Unavailable:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        said = text.decode(errors="replace") if isinstance(text, bytes) else text
        refused = refusal(step, error.smtp_code, said)
        return Unavailable(f"{server}, {step}: {refused}", refused.cause)
    tls = step == "STARTTLS" or isinstance(error, ssl.SSLError)
    cause = "smtp-tls-failed" if tls else "smtp-login-failed" if step == "AUTH" else "smtp-unreachable"
    return Unavailable(f"{server}, {'TLS' if tls else step}: {error}"[:500], cause)


def check(url: str, sender: str, *, mailbox_allowed: bool = True) -> None:
    """Connect, negotiate TLS, log in and name the sender; a ValueError says which step failed."""
    server = parse(url)
    try:
        connection = connect(server)
        try:
            if MAILBOX_BANNER in connection.greeting and not mailbox_allowed:
                raise ValueError("SMTP_URL leads to the mailbox, and PORTAL_URL is https")
            connection.name_sender(sender_of(sender))
            connection.quit()
        finally:
            connection.close()
    except (NotSent, OSError) as error:
        raise ValueError(f"SMTP server {error}") from error


def pasted_addresses(text: str) -> list[str]:
    """Return the addresses in a text as people paste it, in order; words that are none stay words.

    Byte order marks, names (`Ada <ada@acme.example>`), `mailto:` and separators are left out.
    """
    plain = QUOTED_NAME.sub(" ", INVISIBLE.sub(" ", text))
    found: list[str] = []
    for entry in re.split(r"[,;\r\n]", plain):
        in_brackets = BRACKETED.findall(entry)
        words = BRACKETED.sub(" ", entry).split()
        found += [word for word in words if "@" in word] if in_brackets else words
        found += [word.strip() for word in in_brackets if word.strip()]
    return [MAILTO.sub(r"\1", word) for word in found]


def pasted_address(text: str) -> str:
    """Return the one address in a text, or the text as it is."""
    words = pasted_addresses(text)
    named = [word for word in words if "@" in word] if "<" in text else words
    return named[0] if len(named) == 1 else text.strip()


def unlinked(text: str) -> str:
    """Return a name that somebody chose so that no program makes a link of it.

    An invisible word joiner follows each mark that an address needs.
    """
    return ADDRESS_MARK.sub("\\g<0>\N{WORD JOINER}", text)


def ascii_address(address: str) -> str:
    """Return the address with its host in ASCII; ValueError when it is none that servers take.

    A local part beyond ASCII needs SMTPUTF8 on every hop, which nothing here asks for.
    """
    local, _, host = address.rpartition("@")
    if not local.isascii():
        raise ValueError(f"characters other than ASCII before the @ need SMTPUTF8: {address}")
    plain = f"{local}@{host.encode('idna').decode()}"
    if not ADDRESS.fullmatch(plain):
        raise ValueError(f"not an address: {address}")
    return plain


def sender_of(header: str) -> str:
    """Return the address of a From header; ValueError when there is none."""
    try:
        return ascii_address(parseaddr(header)[1])
    except ValueError as error:
        raise ValueError(f"MAIL_FROM is no sender: {error}") from error


def _count(error: NotSent) -> None:
    metrics.SMTP_FAILURES.labels(error.about).inc()
    if error.about in ("server", "sender"):
        metrics.SMTP_UNAVAILABLE.set(1)
