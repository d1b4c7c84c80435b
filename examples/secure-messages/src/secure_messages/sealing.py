"""Sealing with AES-256-GCM; README.md says what protects against what.

Each message has a key of its own. It is stored once for each recipient, wrapped with a key that needs both the
recipient's link and the service's secret; the link itself is stored only until its mail is sent.
"""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12  # bytes


class Unreadable(Exception):
    """Another key, or something was changed or is missing."""


def new_key() -> bytes:
    return os.urandom(32)


def new_link() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def link_hash(link: str) -> str:
    """What a link is found by; nobody comes back from it to the link."""
    return hashlib.sha256(link.encode()).hexdigest()


def derived(key: bytes, purpose: str, salt: bytes | None = None) -> bytes:
    """A key for one purpose alone."""
    return HKDF(SHA256(), 32, salt, purpose.encode()).derive(key)


def seal(key: bytes, purpose: str, content: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(derived(key, purpose)).encrypt(nonce, content, None)


def unseal(key: bytes, purpose: str, sealed: bytes) -> bytes:
    try:
        return AESGCM(derived(key, purpose)).decrypt(sealed[:NONCE], sealed[NONCE:], None)
    except (InvalidTag, ValueError) as error:
        raise Unreadable(purpose) from error


class Vault:
    """Keys of messages and links to them, closed with the service's own secret."""

    def __init__(self, secret: str):
        self._secret = secret.encode()

    def wrap(self, key: bytes, link: str) -> bytes:
        """The key of a message for whoever has the link."""
        return seal(self._of(link), "message key", key)

    def unwrap(self, wrapped: bytes, link: str) -> bytes:
        return unseal(self._of(link), "message key", wrapped)

    def keep(self, link: str) -> bytes:
        """The link itself, for as long as its mail waits."""
        return seal(self._secret, "link", link.encode())

    def kept(self, sealed: bytes) -> str:
        return unseal(self._secret, "link", sealed).decode()

    def _of(self, link: str) -> bytes:
        return derived(self._secret, "recipient", salt=link.encode())
