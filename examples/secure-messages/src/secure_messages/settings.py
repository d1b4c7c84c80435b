"""Settings of the product: those that every service has, and its own."""

from pathlib import Path
from typing import NamedTuple

from kit import production, settings, smtp
from kit.setting_rules import HTTP, seconds

NAME = "secure-messages"
RULES = {
    "SECURE_MESSAGES_URL": HTTP,
    "PORTAL_URL": HTTP,
    "ENTITLEMENTS_URL": HTTP,
    "LICENSES_GOOD_FOR": seconds(),
}
DAY = 24 * 3600.0  # seconds


class Own(NamedTuple):
    """SECURE_MESSAGES_URL (how people reach us), PORTAL_URL, ENTITLEMENTS_URL, SECRET_KEY_FILE (made when
    missing; without it no message can be opened), COOKIE_KEY_FILE (keys of the cookies, a line each; instead
    of one derived from that), DATA_DIR (sealed attachments, and what is known of licenses),
    SMTP_URL, MAIL_FROM, LICENSES_GOOD_FOR (seconds for which the last news of licenses count)."""

    url: str
    portal_url: str
    entitlements_url: str
    secret: str
    data: Path
    smtp_url: str
    mail_from: str
    licenses_good_for: float
    cookie_keys: tuple[str, ...] = ()


def read() -> settings.Settings:
    return settings.read(NAME, port=8030, own=RULES)


def own() -> Own:
    env = settings.env
    cookies = env.str("COOKIE_KEY_FILE", "")
    return Own(
        url=env.str("SECURE_MESSAGES_URL", "http://127.0.0.1:8030").rstrip("/"),
        portal_url=env.str("PORTAL_URL", "http://127.0.0.1:8000").rstrip("/"),
        entitlements_url=env.str("ENTITLEMENTS_URL", "http://127.0.0.1:8003"),
        secret=settings.secret(Path(env.str("SECRET_KEY_FILE", f"keys/{NAME}-secret"))),
        data=Path(env.str("DATA_DIR", "data")),
        smtp_url=env.str("SMTP_URL", "smtp://127.0.0.1:1025"),
        mail_from=env.str("MAIL_FROM", "Secure messages <no-reply@seatwise.example>"),
        cookie_keys=tuple(settings.secret_keys(Path(cookies))) if cookies else (),
        licenses_good_for=env.float("LICENSES_GOOD_FOR", DAY),
    )


def require(_settings: settings.Settings) -> None:
    """Refuse to start with settings by which no mail could ever go out."""
    ours = own()
    production.require_address("SECURE_MESSAGES_URL", ours.url)
    production.require_smtp(ours.smtp_url, ours.url)
    smtp.sender_of(ours.mail_from)


def probe(_settings: settings.Settings) -> None:
    """Ask the mail server whether it takes us."""
    ours = own()
    allowed = not production.in_production(ours.url)
    smtp.check(ours.smtp_url, ours.mail_from, mailbox_allowed=allowed)
