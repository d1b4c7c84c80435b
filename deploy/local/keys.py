"""Keys of the issuers of tokens: a secret one for each, and the directory in which all others trust them."""

import json
from pathlib import Path

from joserfc import jwk

from kit import clock


def write(issuers: dict[str, dict[str, list[str]]], directory: Path) -> Path:
    """Make a key for every issuer that has none yet: <issuer>.json is its secret, trust/ is for all.

    `issuers`: name → {with_account: grants, without_account: grants}. Returns the trust directory.
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
