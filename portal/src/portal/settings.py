"""Settings of the portal, read once from the environment."""

from pathlib import Path
from typing import NamedTuple

from kit import settings as kit_settings
from kit import smtp
from kit.settings import env

SERVICES = ("catalog", "orders", "entitlements", "notifier")


class Settings(NamedTuple):
    """`unit` holds what every process has: HOST, PORT, TRUST_DIR, SIGNING_KEY_FILE, <SERVICE>_URL of all four.

    SECRET_KEY_FILE keeps the key of the session cookie (made when missing; replicas share it), SMTP_URL and
    MAIL_FROM send sign-in links, PORTAL_URL is how people reach us, DEMO_ACCOUNT opens the one-click sign-in of
    that account, TRUSTED_PROXIES counts the proxies whose X-Forwarded-* we believe, SUPPORT_EMAIL is where
    people ask whoever runs the portal, SECURE_MESSAGES_URL is where that product runs, if it does.
    """

    unit: kit_settings.Settings
    secret_key: str
    smtp_url: str
    mail_from: str
    portal_url: str
    demo_account: str
    sandbox: bool
    trusted_proxies: int
    support_email: str = ""
    secure_messages_url: str = ""


def require(settings: Settings) -> None:
    """Refuse to start with settings by which no link to sign in could ever go out."""
    smtp.parse(settings.smtp_url)
    smtp.sender_of(settings.mail_from)


def read() -> Settings:
    unit = kit_settings.read("portal", port=8000, sources=SERVICES)
    return Settings(
        unit=unit,
        secret_key=kit_settings.secret(Path(env.str("SECRET_KEY_FILE", "keys/portal-secret"))),
        smtp_url=env.str("SMTP_URL", "smtp://127.0.0.1:1025"),
        mail_from=env.str("MAIL_FROM", "Seatwise <no-reply@seatwise.example>"),
        portal_url=env.str("PORTAL_URL", f"http://{unit.host}:{unit.port}").rstrip("/"),
        demo_account=env.str("DEMO_ACCOUNT", ""),
        sandbox=env.bool("SANDBOX", True),
        trusted_proxies=env.int("TRUSTED_PROXIES", 0),
        support_email=env.str("SUPPORT_EMAIL", ""),
        secure_messages_url=env.str("SECURE_MESSAGES_URL", "").rstrip("/"),
    )
