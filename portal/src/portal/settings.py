"""Settings of the portal, read once from the environment."""

import uuid
from pathlib import Path
from typing import NamedTuple

from kit import production, smtp
from kit import settings as kit_settings
from kit.setting_rules import HTTP, Rule, one_of, url
from kit.settings import env

ACCOUNT_ID = Rule(lambda text: not text or bool(uuid.UUID(text)), "the id of an account")

OWN = {
    "PORTAL_URL": HTTP,
    "SECURE_MESSAGES_URL": url("http", "https", empty=True),
    "SANDBOX": one_of("true", "false", production.SANDBOX_ALLOWED),
    "DEMO_ACCOUNT": ACCOUNT_ID,
    "SUPPORT_EMAIL": Rule(lambda text: "@" in text[1:-1] or not text, "an e-mail address"),
}
SERVICES = ("catalog", "orders", "entitlements", "notifier")


class Settings(NamedTuple):
    """`unit` holds what every process has: HOST, PORT, TRUST_DIR, SIGNING_KEY_FILE, <SERVICE>_URL of all four.

    SECRET_KEY_FILE keeps the keys of the session cookie, newest first (made when missing; replicas share
    it), SMTP_URL and MAIL_FROM send sign-in links, PORTAL_URL is how people reach us, DEMO_ACCOUNT opens
    the one-click sign-in of that account, TRUSTED_PROXIES counts the proxies whose X-Forwarded-* we
    believe, SUPPORT_EMAIL is where people ask the operator of the portal, SECURE_MESSAGES_URL is where that
    product runs, if it does.
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
    secret_key_fallbacks: tuple[str, ...] = ()

    @property
    def https(self) -> bool:
        return production.in_production(self.portal_url)


def require(settings: Settings) -> None:
    """Refuse to start with settings that are for trying things out, or by which no link could go out."""
    production.require_address("PORTAL_URL", settings.portal_url)
    production.require_smtp(settings.smtp_url, settings.portal_url)
    production.require_no_sandbox(kit_settings.sandbox(), settings.portal_url)
    if settings.demo_account and settings.https:
        raise ValueError("DEMO_ACCOUNT lets anybody in with one click, and PORTAL_URL is https")
    smtp.sender_of(settings.mail_from)


def read() -> Settings:
    unit = kit_settings.read("portal", port=8000, sources=SERVICES, own=OWN)
    keys = kit_settings.secret_keys(Path(env.str("SECRET_KEY_FILE", "keys/portal-secret")))
    host = "127.0.0.1" if unit.host in ("0.0.0.0", "::") else unit.host
    return Settings(
        unit=unit,
        secret_key=keys[0],
        secret_key_fallbacks=tuple(keys[1:]),
        smtp_url=env.str("SMTP_URL", "smtp://127.0.0.1:1025"),
        mail_from=env.str("MAIL_FROM", "Seatwise <no-reply@seatwise.example>"),
        portal_url=env.str("PORTAL_URL", f"http://{host}:{unit.port}").rstrip("/"),
        demo_account=env.str("DEMO_ACCOUNT", ""),
        sandbox=kit_settings.sandbox() != "false",
        trusted_proxies=env.int("TRUSTED_PROXIES", 0),
        support_email=env.str("SUPPORT_EMAIL", ""),
        secure_messages_url=env.str("SECURE_MESSAGES_URL", "").rstrip("/"),
    )
