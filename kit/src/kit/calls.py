"""HTTP clients for calls to other units, which are reached directly."""

import ssl
from functools import cache
from typing import Any

import httpx


def client(base_url: str, **options: Any) -> httpx.Client:
    """Return a client that ignores HTTP_PROXY, NO_PROXY and .netrc: they are for addresses outside.

    SSL_CERT_FILE and SSL_CERT_DIR name the authorities, as everywhere. Options are httpx.Client's.
    """
    return httpx.Client(base_url=base_url, trust_env=False, verify=_authorities(), **options)


@cache
def _authorities() -> ssl.SSLContext:
    """The system's; one for all clients, since to read them takes a while."""
    return ssl.create_default_context()
