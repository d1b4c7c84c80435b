"""Settings of the notifier: the common ones, and those of mail."""

from typing import NamedTuple

from kit import production, settings, smtp
from kit.setting_rules import HTTP


class Mailing(NamedTuple):
    """SMTP_URL (see kit.smtp), MAIL_FROM, PORTAL_URL (links lead there)."""

    smtp_url: str
    mail_from: str
    portal_url: str


def products() -> tuple[str, ...]:
    """PRODUCTS: who else tells what people of an account do (secure-messages); <NAME>_URL is their log."""
    return tuple(settings.env.list("PRODUCTS", []))


def read() -> settings.Settings:
    sources = ("catalog", "orders", "entitlements", *products())
    return settings.read("notifier", port=8004, sources=sources, own={"PORTAL_URL": HTTP})


def mailing() -> Mailing:
    return Mailing(
        smtp_url=settings.env.str("SMTP_URL", "smtp://127.0.0.1:1025"),
        mail_from=settings.env.str("MAIL_FROM", "Seatwise <no-reply@seatwise.example>"),
        portal_url=settings.env.str("PORTAL_URL", "http://127.0.0.1:8000").rstrip("/"),
    )


def require(_settings: settings.Settings) -> None:
    """Refuse to start with settings by which no mail could ever go out, or only to the mailbox."""
    own = mailing()
    production.require_smtp(own.smtp_url, own.portal_url)
    smtp.sender_of(own.mail_from)


def probe(_settings: settings.Settings) -> None:
    """Ask the mail server whether it takes us."""
    own = mailing()
    allowed = not production.in_production(own.portal_url)
    smtp.check(own.smtp_url, own.mail_from, mailbox_allowed=allowed)
