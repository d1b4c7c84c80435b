"""Sign-in links: tokens good for 15 minutes and one use, their mail, and how many may be asked for."""

import smtplib
import ssl
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import structlog

from kit.auth import Signer, Verifier
from kit.errors import Unauthorized
from portal.settings import Settings

log = structlog.get_logger()

AUDIENCE = "sign-in"
LASTS = 900  # seconds
PER_ADDRESS, PER_CALLER, WINDOW = 5, 30, 900  # links asked for in so many seconds
SMTP_TRIES = (0, 2, 10)  # seconds before each

_mailer = ThreadPoolExecutor(4, thread_name_prefix="mail")


class Link(NamedTuple):
    """What a sign-in link says: this member, at this reading of the counter, then to this page."""

    member_id: str
    account: str
    account_name: str
    name: str
    counter: int
    next: str


class Links:
    """Makes and reads the tokens of sign-in links; only the portal's own key counts."""

    def __init__(self, signer: Signer, verifier: Verifier):
        self.signer = signer
        self.verifier = verifier

    def token(self, link: Link, lasts: int = LASTS) -> str:
        claims = {name: value for name, value in link._asdict().items() if name != "member_id"}
        return self.signer.token(link.member_id, aud=AUDIENCE, lasts=lasts, **claims)

    def read(self, token: str) -> Link | None:
        """The link, or None when the token is broken, expired or not ours."""
        try:
            claims = self.verifier.claims(token, audience=AUDIENCE)
        except Unauthorized:
            return None
        if claims["iss"] != self.signer.issuer:
            return None
        return Link(claims["sub"], *(claims[name] for name in Link._fields[1:]))


class Limit:
    """At most so many tries a window, counted in this process; says when the next one is possible."""

    def __init__(self, most: int, window: float = WINDOW):
        self.most = most
        self.window = window
        self._tries: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def wait(self, who: str) -> float:
        """Count a try; 0, or the seconds until one is possible again."""
        now = time.monotonic()
        with self._lock:
            if len(self._tries) > 10_000:
                kept = {key: tries for key, tries in self._tries.items() if tries[-1] > now - self.window}
                self._tries = defaultdict(list, kept)
            tries = [at for at in self._tries[who] if at > now - self.window]
            if len(tries) >= self.most:
                return tries[0] + self.window - now
            self._tries[who] = [*tries, now]
            return 0


class Letter(NamedTuple):
    """A sign-in mail as it is written; `html` says the same as `text`."""

    name: str
    to: str
    subject: str
    text: str
    html: str


def send(settings: Settings, letter: Letter) -> None:
    """Mail in the background: the answer must not tell by its time whether the address is known."""
    _mailer.submit(_deliver, settings.smtp_url, compose(settings.mail_from, letter))


def compose(sender: str, letter: Letter) -> EmailMessage:
    """The mail; its Message-ID is of the sender's domain, as the portal may be reached by a bare IP address."""
    mail = EmailMessage()
    local, _, domain = letter.to.rpartition("@")
    mail["From"], mail["Subject"] = sender, letter.subject
    # The email package decodes encoded words, line breaks included: a name could be headers and a text.
    mail["To"] = Address(letter.name.replace("=?", "= ?"), local, domain)
    mail["Date"] = datetime.now(UTC)
    mail["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    return mail


def _deliver(smtp_url: str, mail: EmailMessage) -> None:
    for pause in SMTP_TRIES:
        time.sleep(pause)
        try:
            with connect(smtp_url) as smtp:
                smtp.send_message(mail)
            return
        except (OSError, smtplib.SMTPException) as error:
            log.warning("sign_in_mail_failed", error=repr(error))
    log.error("sign_in_mail_given_up")


def connect(smtp_url: str) -> smtplib.SMTP:
    """smtp+starttls://user:password@host:587 (or smtp://…?starttls), smtps://…:465, or smtp://host."""
    url = urlsplit(smtp_url)
    certified = ssl.create_default_context()
    options: dict[str, Any] = {"host": url.hostname or "127.0.0.1", "timeout": 10}
    if url.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(port=url.port or 465, context=certified, **options)
    else:
        smtp = smtplib.SMTP(port=url.port or 25, **options)
        if url.scheme == "smtp+starttls" or "starttls" in url.query:
            smtp.starttls(context=certified)
    if url.username:
        smtp.login(unquote(url.username), unquote(url.password or ""))
    return smtp
