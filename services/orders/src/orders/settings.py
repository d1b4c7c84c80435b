"""Settings of orders: those that every service has, and SANDBOX_SETTLE_AFTER (seconds)."""

from kit import settings


def read() -> settings.Settings:
    return settings.read("orders", port=8002, sources=("catalog", "entitlements"))


def sandbox_settle_after() -> float:
    """How long the sandbox's slow card takes to pay."""
    return settings.env.float("SANDBOX_SETTLE_AFTER", 5.0)
