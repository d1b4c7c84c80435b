"""Tokens that a product signs for itself with its own key, so that none ever has to be renewed by hand."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from joserfc import jwk, jwt

ALGORITHM = "Ed25519"
LASTS = 300  # seconds
RENEWED_BEFORE = 60
AUDIENCES = ["entitlements", "api"]  # the second is what entitlements 0.1 looks for
SCOPES = ("entitlements:read", "events:read")


def signed_by(key_file: str | Path, scopes: Iterable[str] = SCOPES) -> Callable[[], str]:
    """A function that gives a token good for some minutes. The file: {"issuer": name, "key": a private JWK}."""
    try:
        stored = json.loads(Path(key_file).read_text())
        issuer, key, scope = stored["issuer"], jwk.import_key(stored["key"]), " ".join(sorted(scopes))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{key_file} is not the key of a product: {error!r}") from error
    lock, made = threading.Lock(), ("", 0.0)

    def token() -> str:
        nonlocal made
        with lock:
            if made[1] - RENEWED_BEFORE < time.time():
                now = int(time.time())
                claims = {
                    "iss": issuer,
                    "aud": AUDIENCES,
                    "sub": issuer,
                    "iat": now,
                    "exp": now + LASTS,
                    "scope": scope,
                }
                header = {"alg": ALGORITHM, "kid": key.kid}
                made = jwt.encode(header, claims, key, algorithms=[ALGORITHM]), float(now + LASTS)
            return made[0]

    return token
