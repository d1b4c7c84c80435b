"""Activation tokens: an installed product verifies them without any network."""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from joserfc import jwk, jwt
from joserfc.errors import JoseError

from seatwise.tokens import ALGORITHM

AUDIENCE = "activation"


class Activation(NamedTuple):
    """Who may use which plan on which device, until when (seconds since 1970); renew it before that."""

    member: str
    account: str
    plan: str
    device: str
    expires: float


class NotActivated(Exception):
    """Broken, expired, or for another device, member or plan; the text says which."""


def verify(
    token: str,
    keys: str | Path | dict[str, Any],
    device: str | None = None,
    *,
    member: str | None = None,
    plan: str | None = None,
    any_device: bool = False,
) -> Activation:
    """Return what the token says; NotActivated when it does not hold here.

    `keys`: the key set of entitlements (GET /v1/activation-keys), or a file with it. Name the device that
    you run on: a token of another machine is a copy. Without one this is a ValueError, unless a server
    that reads the tokens of others says `any_device=True`. Name the member and plan if you know them.
    """
    if not device and not any_device:
        raise ValueError("name the device that this runs on, or say any_device=True")
    key_set: Any = keys if isinstance(keys, dict) else json.loads(Path(keys).read_text())
    try:
        claims = jwt.decode(token, jwk.KeySet.import_key_set(key_set), algorithms=[ALGORITHM]).claims
        jwt.JWTClaimsRegistry(aud={"essential": True, "value": AUDIENCE}).validate_aud(claims["aud"])
        found = Activation(*(claims[name] for name in ("sub", "account", "plan", "device", "exp")))
        expired = found.expires <= time.time()
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise NotActivated(f"the token is broken or not for activation: {error}") from error
    if expired:
        raise NotActivated("the token has expired: renew it with the code")
    for name, own in (("device", device), ("member", member), ("plan", plan)):
        if own is not None and getattr(found, name) != own:
            raise NotActivated(f"the token was made for another {name}")
    return found
