"""Settings of the catalog: only those that every service has."""

from kit import settings


def read() -> settings.Settings:
    return settings.read("catalog", port=8001)
