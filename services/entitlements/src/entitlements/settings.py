"""Settings of entitlements: only those that every service has."""

from kit import settings


def read() -> settings.Settings:
    return settings.read("entitlements", port=8003, sources=("catalog", "orders"))
