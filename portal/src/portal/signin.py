"""Sign-in links: tokens good for 15 minutes and one use, and their mail."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from typing import NamedTuple

import structlog

from kit import smtp
from kit.auth import LEEWAY, Signer, Verifier
from kit.errors import Unauthorized
from kit.smtp_replies import NotSent, Rejected
from portal.settings import Settings

log = structlog.get_logger()

AUDIENCE = "sign-in"
LASTS = 900  # seconds
RECENTLY = 30 * 24 * 3600  # seconds in which an expired link is still known as one
RETRY_AFTER = (2, 10, 60, 180, 300)  # seconds; together they stay below the life of a link
PATIENCE, PER_MAIL = 10.0, 60.0  # seconds for one reply, and for all of them; nothing waits for them

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

    def read(self, token: str, late: int = LEEWAY) -> Link | None:
        """The link, or None when the token is broken, not ours, or expired for longer than `late` seconds."""
        try:
            claims = self.verifier.claims(token, audience=AUDIENCE, leeway=late)
        except Unauthorized:
            return None
        if claims["iss"] != self.signer.issuer:
            return None
        return Link(claims["sub"], *(claims[name] for name in Link._fields[1:]))


class Letter(NamedTuple):
    """A sign-in mail as it is written; `html` says the same as `text`."""

    name: str
    to: str
    subject: str
    text: str
    html: str


def send(settings: Settings, letter: Letter) -> None:
    """Mail in the background: the answer must not tell by its time whether the address is known."""
    try:
        recipient = smtp.ascii_address(letter.to)
    except ValueError as error:
        log.error("sign_in_mail_refused", reason=str(error))
        return
    content = compose(settings.mail_from, letter).as_bytes(policy=SMTP)
    _mailer.submit(_deliver, Mail(settings.smtp_url, smtp.sender_of(settings.mail_from), recipient, content))


def compose(sender: str, letter: Letter) -> EmailMessage:
    """The mail; its Message-ID is of the sender's domain, as the portal may be reached by a bare IP address."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = sender, letter.subject
    # The email package decodes encoded words, line breaks included: a name could be headers and a text.
    mail["To"] = Address(letter.name.replace("=?", "= ?"), addr_spec=smtp.ascii_address(letter.to))
    mail["Date"] = datetime.now(UTC)
    mail["Message-ID"] = make_msgid(domain=smtp.sender_of(sender).rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text, cte="quoted-printable")  # not every server takes eight bits
    mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return mail


class Mail(NamedTuple):
    """A sign-in mail on its way."""

    smtp_url: str
    sender: str
    recipient: str
    content: bytes


def _deliver(mail: Mail, attempt: int = 0) -> None:
    """Send it; anything but a verdict on this mail is tried again, without keeping a thread waiting."""
    try:
        smtp.deliver(smtp.parse(mail.smtp_url), *mail[1:], seconds=PER_MAIL, patience=PATIENCE)
    except Rejected as error:
        log.error("sign_in_mail_refused", cause=error.cause, reason=str(error))
    except NotSent as error:
        log.warning("sign_in_mail_failed", cause=error.cause, reason=str(error), attempts=attempt + 1)
        if attempt == len(RETRY_AFTER):
            log.error("sign_in_mail_given_up", cause=error.cause)
            return
        later = threading.Timer(RETRY_AFTER[attempt], _mailer.submit, (_deliver, mail, attempt + 1))
        later.daemon = True
        later.start()
