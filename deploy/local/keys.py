"""Keys of the issuers of tokens: a secret one for each, and the directory in which all others trust them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwk

from kit import clock


def write(issuers: Mapping[str, Mapping[str, Any]], directory: Path) -> Path:
    """Make a key for every issuer that has none yet: <issuer>.json is its secret, trust/ is for all.

    `issuers`: what deploy/issuers.json says: name → grants, audiences and whether it speaks for members.
    Returns the trust directory.
    """
    trust = directory / "trust"
    trust.mkdir(parents=True, exist_ok=True)
    for issuer, may in issuers.items():
        secret = directory / f"{issuer}.json"
        if not secret.exists():
            made = jwk.generate_key("OKP", "Ed25519", {"kid": clock.new_id(), "use": "sig"})
            secret.touch(mode=0o600)
            secret.write_text(json.dumps({"issuer": issuer, "key": made.as_dict(private=True)}))
        key = jwk.import_key(json.loads(secret.read_text())["key"])
        (trust / f"{issuer}.json").write_text(json.dumps({**may, "keys": [key.as_dict(private=False)]}))
    return trust
