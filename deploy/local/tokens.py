"""Tokens for a suite on this machine, signed with its own keys: make -s token ACCOUNT=… ROLE=…

SUITE names the directory of another suite than that of `make run`.
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


class NoToken(Exception):
    """The text says what was asked wrongly."""


def for_role(keys: Path, account: str, role: str = "administrator", member: str = "") -> str:
    """What the portal would say for a member with that role; without `member` always the same made-up one."""
    if role not in ROLES:
        raise NoToken(f"There is no role {role}; there are {', '.join(ROLES)}.")
    try:
        who = member or str(uuid.uuid5(uuid.UUID(account), role))
    except ValueError:
        raise NoToken(f"ACCOUNT must be a UUID, not {account!r}.") from None
    return auth.Signer(keys / "portal.json").token(who, ROLES[role], account=account, lasts=LASTS)


def for_scopes(keys: Path, scopes: str) -> str:
    """Bound to no account, from the first issuer that may say all of it (the operator before others)."""
    wanted = frozenset(scopes.replace(",", " ").split())
    issuers = auth.Verifier(keys / "trust").issuers
    for name in sorted(issuers, key=lambda name: (name != "operator", name)):
        if wanted and wanted <= issuers[name].without_account:
            return auth.Signer(keys / f"{name}.json").token(OPERATOR, wanted, lasts=LASTS)
    known = sorted(frozenset().union(*(issuer.without_account for issuer in issuers.values())))
    raise NoToken(f"No issuer may grant all of {scopes!r}; scopes are {', '.join(known)}.")


def asked_for(directory: Path, env: dict[str, str]) -> str:
    """The token that ACCOUNT, ROLE, MEMBER or SCOPES describe."""
    keys = directory / "keys"
    if not (keys / "trust").exists():
        raise NoToken("There are no keys yet: start the suite first, make run")
    if scopes := env.get("SCOPES"):
        return for_scopes(keys, scopes)
    account, role = env.get("ACCOUNT", ""), env.get("ROLE", "administrator")
    if not account:
        raise NoToken('Say ACCOUNT=<id> ROLE=administrator, or SCOPES="events:read entitlements:read"')
    return for_role(keys, account, role, env.get("MEMBER") or _demo_member(directory, account, role))


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
