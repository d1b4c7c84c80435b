"""What is refused in production: settings that are there to try things out.

The suite is in production when people reach it by https, so every unit that has such a setting reads
the address that people use.
"""

from urllib.parse import urlsplit

from kit import smtp

SANDBOX_ALLOWED = "allowed-in-production"  # the value of SANDBOX for an https installation without real money


def in_production(address: str) -> bool:
    """Return whether people reach the suite by https."""
    return urlsplit(address).scheme == "https"


def require_address(name: str, address: str) -> None:
    """Raise ValueError unless the setting `name` is https, or http on loopback."""
    parts = urlsplit(address)
    server = smtp.Server(parts.scheme, parts.hostname or "", 0)
    if parts.scheme not in ("http", "https") or not server.host:
        raise ValueError(f"{name} is no http or https address")
    if parts.scheme == "http" and not server.on_loopback:
        raise ValueError(f"{name} is http beyond loopback: links and cookies would go in clear; use https")


def require_smtp(url: str, address: str) -> None:
    """Raise ValueError when SMTP_URL is not understood, or names the test mailbox in production."""
    server = smtp.parse(url)
    if in_production(address) and smtp.is_mailbox(server):
        raise ValueError("SMTP_URL names the mailbox, which shows everything to anybody; PORTAL_URL is https")


def require_no_sandbox(value: str, address: str) -> None:
    """Raise ValueError when the sandbox would stand in for real money."""
    if value not in ("true", "false", SANDBOX_ALLOWED):
        raise ValueError(f"SANDBOX is true, false or {SANDBOX_ALLOWED}")
    if value == "true" and in_production(address):
        raise ValueError(
            f"SANDBOX is on and PORTAL_URL is https; write SANDBOX={SANDBOX_ALLOWED} if no real money is meant"
        )
