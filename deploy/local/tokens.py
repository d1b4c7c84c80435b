"""Tokens for a suite on this machine, signed with its own keys: make -s token ACCOUNT=… ROLE=… UNIT=orders

Without UNIT the token is for every unit that its issuer may address. SUITE names the directory of
another suite than that of `make run`.
"""

import os
import sys
import uuid
from pathlib import Path

from entitlements.domain import ROLES
from kit import auth
from local import running

LASTS = 8 * 3600  # seconds
OPERATOR = "make"
UNITS = ("catalog", "orders", "entitlements", "notifier", "secure-messages")


class NoToken(Exception):
    """The text says what was asked wrongly."""


def for_role(keys: Path, account: str, role: str = "administrator", member: str = "", unit: str = "") -> str:
    """What the portal would sign for a member with that role; without `member` always the same made-up one."""
    if role not in ROLES:
        raise NoToken(f"There is no role {role}; there are {', '.join(ROLES)}.")
    try:
        who = member or str(uuid.uuid5(uuid.UUID(account), role))
    except ValueError:
        raise NoToken(f"ACCOUNT must be a UUID, not {account!r}.") from None
    audiences = _audiences("portal", _issuers(keys)["portal"], unit)
    return auth.Signer(keys / "portal.json").token(
        who, ROLES[role], account=account, aud=audiences, lasts=LASTS
    )


def for_scopes(keys: Path, scopes: str, unit: str = "") -> str:
    """Bound to no account, from the first issuer that may say all of it (the operator before others)."""
    requested = frozenset(scopes.replace(",", " ").split())
    issuers = _issuers(keys)
    for name in sorted(issuers, key=lambda name: (name != "operator", name)):
        if requested and requested <= issuers[name].without_account:
            audiences = _audiences(name, issuers[name], unit)
            return auth.Signer(keys / f"{name}.json").token(OPERATOR, requested, aud=audiences, lasts=LASTS)
    known = sorted(frozenset().union(*(issuer.without_account for issuer in issuers.values())))
    raise NoToken(f"No issuer may grant all of {scopes!r}; scopes are {', '.join(known)}.")


def _issuers(keys: Path) -> dict[str, auth.Issuer]:
    return auth.Verifier(keys / "trust", OPERATOR).issuers


def _audiences(name: str, issuer: auth.Issuer, unit: str) -> list[str]:
    """The unit alone, or all that the issuer may address."""
    if unit and unit not in issuer.audiences:
        may = ", ".join(sorted(issuer.audiences)) or "nothing"
        raise NoToken(f"{name} may not address {unit!r}, only {may}.")
    units = [unit] if unit else sorted(issuer.audiences.intersection(UNITS))
    return [*units, auth.FORMER_AUDIENCE]


def asked_for(directory: Path, env: dict[str, str]) -> str:
    """The token that ACCOUNT, ROLE, MEMBER, SCOPES and UNIT describe."""
    keys = directory / "keys"
    if not (keys / "trust").exists():
        raise NoToken("There are no keys yet: start the suite first, make run")
    if scopes := env.get("SCOPES"):
        return for_scopes(keys, scopes, env.get("UNIT", ""))
    account, role = env.get("ACCOUNT", ""), env.get("ROLE", "administrator")
    if not account:
        raise NoToken('Say ACCOUNT=<id> ROLE=administrator, or SCOPES="events:read entitlements:read"')
    member = env.get("MEMBER") or _demo_member(directory, account, role)
    return for_role(keys, account, role, member, env.get("UNIT", ""))


def _demo_member(directory: Path, account: str, role: str) -> str:
    """In the demo account a real person with that role, so that the activity log can name who acted."""
    from local import demo

    known = demo.known(directory)
    if known is None or known["account_id"] != account:
        return ""
    return next((member["id"] for member in known["members"] if role in member["roles"]), "")


def main() -> None:
    try:
        print(asked_for(Path(os.environ.get("SUITE") or running.HOME), dict(os.environ)))
    except NoToken as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
