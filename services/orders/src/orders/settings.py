"""Settings of orders: those that every service has, SANDBOX, PORTAL_URL and SANDBOX_SETTLE_AFTER."""

from kit import production, settings
from kit.setting_rules import HTTP, one_of, seconds

OWN = {
    "SANDBOX": one_of("true", "false", production.SANDBOX_ALLOWED),
    "SANDBOX_SETTLE_AFTER": seconds(zero=True),
    "PORTAL_URL": HTTP,
}


def read() -> settings.Settings:
    return settings.read("orders", port=8002, sources=("catalog", "entitlements"), own=OWN)


def sandbox_settle_after() -> float:
    """How long the sandbox's slow card takes to pay."""
    return settings.env.float("SANDBOX_SETTLE_AFTER", 5.0)


def require(_settings: settings.Settings) -> None:
    """Refuse to take sandbox cards for orders that people believe to be real."""
    address = settings.env.str("PORTAL_URL", "http://127.0.0.1:8000")
    production.require_no_sandbox(settings.sandbox(), address)


def sandbox_on() -> bool:
    """Return whether people may pay with sandbox cards; the worker settles earlier charges anyway."""
    return settings.sandbox() != "false"
