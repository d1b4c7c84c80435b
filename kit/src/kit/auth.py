"""Tokens: who is asking, for which account, and what they may do.

A token is a JWT signed with Ed25519, for one unit: its audience. TRUST_DIR holds one file per issuer:
its public keys (next, current, previous), the units that it may address, what it may grant at most
(in tokens bound to an account, and in others), and whether it speaks for members.
"""

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import structlog
from flask import Flask, g, request
from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError

from kit.errors import Forbidden, Unauthorized

log = structlog.get_logger()

ALGORITHM = "Ed25519"
FORMER_AUDIENCE = "api"  # of every unit in release 0.1; decision 16 says when it goes
LEEWAY = 5  # seconds that clocks may differ
LONGEST_LIFE = 24 * 3600  # seconds; no token is good for longer
CACHED_TOKENS = 10_000

F = TypeVar("F", bound=Callable[..., Any])


class Caller(NamedTuple):
    """Who is asking. `account` is None for services and operators, who are bound to none."""

    issuer: str
    id: str
    account: str | None
    grants: frozenset[str]
    speaks_for_members: bool = False  # whether the issuer is believed about the address of a person

    @property
    def actor(self) -> str:
        return f"member:{self.id}" if self.account else f"{self.issuer}:{self.id}"


class Issuer(NamedTuple):
    """What an issuer's trust file says: keys, grants with and without an account, units it may address.

    Only an issuer that speaks for members may put an account into a token.
    """

    keys: jwk.KeySet
    with_account: frozenset[str]
    without_account: frozenset[str]
    audiences: frozenset[str]
    speaks_for_members: bool


class Signer:
    """Signs tokens as the issuer whose private key the file holds: {"issuer", "key": a JWK}."""

    def __init__(self, key_file: str | Path):
        stored = json.loads(Path(key_file).read_text())
        self.issuer = stored["issuer"]
        self.key = jwk.import_key(stored["key"])

    def token(
        self,
        who: str,
        grants: set[str] | frozenset[str] = frozenset(),
        *,
        aud: str | list[str],
        **claims: Any,
    ) -> str:
        """Return a token of `who` for `aud`, valid for `lasts` seconds (300); other claims as passed.

        The audience of a unit's API is `for_unit(unit)`.
        """
        issued = int(time.time())
        payload = {
            "iss": self.issuer,
            "aud": aud,
            "sub": who,
            "iat": issued,
            "exp": issued + claims.pop("lasts", 300),
            "scope": " ".join(sorted(grants)),
            **{name: value for name, value in claims.items() if value is not None},
        }
        header = {"alg": ALGORITHM, "kid": self.key.kid}
        return jwt.encode(header, payload, self.key, algorithms=[ALGORITHM])


def for_unit(unit: str) -> list[str]:
    """The audience of a token for the unit's API; units of release 0.1 look for the former one."""
    return [unit, FORMER_AUDIENCE]


class Verifier:
    """Checks tokens for `unit` against the trust directory; a bounded cache keeps verified ones."""

    def __init__(self, trust_dir: str | Path, unit: str):
        self.unit = unit
        self.issuers = {path.stem: _read_issuer(path) for path in Path(trust_dir).glob("*.json")}
        if not self.issuers:
            raise ValueError(f"TRUST_DIR {trust_dir} holds no public keys: every call would be refused")
        self._seen: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    def caller(self, token: str) -> Caller:
        """Who a token for the unit's API speaks for; Unauthorized when it is broken, foreign or expired."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        expires, caller = self._seen.get(digest, (0.0, None))
        if caller is None or expires <= time.time():
            claims = self.claims(token, audience=self.unit, former_audience=FORMER_AUDIENCE)
            issuer = self.issuers[claims["iss"]]
            expires, caller = claims["exp"], _caller(claims, issuer)
            self._seen[digest] = (expires, caller)
            if len(self._seen) > CACHED_TOKENS:
                self._seen.popitem(last=False)
        return caller

    def claims(
        self, token: str, audience: str, former_audience: str | None = None, leeway: int = LEEWAY
    ) -> dict[str, Any]:
        """The verified claims of a token for `audience`, signed by an issuer that may address it.

        A token whose one audience is `former_audience` counts as one for each unit that its issuer may
        address: those who sign such tokens do not know of audiences yet.
        """
        try:
            unverified = json.loads(jws.extract_compact(token.encode()).payload)
            issuer = self.issuers[str(unverified["iss"])]
            claims: dict[str, Any] = jwt.decode(token, issuer.keys, algorithms=[ALGORITHM]).claims
            needed: jwt.ClaimsOption = {"essential": True}
            jwt.JWTClaimsRegistry(leeway=leeway, aud=needed, exp=needed, iat=needed, sub=needed).validate(
                claims
            )
            named = [claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"]
            if audience not in issuer.audiences or (audience not in named and named != [former_audience]):
                raise ValueError(f"a token for {named}, not for {audience}")
        except (JoseError, ValueError, KeyError, TypeError) as error:
            log.info("token_refused", error=repr(error)[:200])  # the answer does not tell a stranger why
            raise Unauthorized("token-invalid", "The token is broken, unknown or expired.") from error
        if claims["exp"] - claims["iat"] > LONGEST_LIFE:
            raise Unauthorized("token-invalid", "The token lives for longer than a day.")
        return claims


def check_keys(trust_dir: str, key_file: str) -> None:
    """Whether those who have this trust directory believe what we sign; ValueError when they do not."""
    signer = Signer(key_file)
    verifier = Verifier(trust_dir, signer.issuer)
    try:
        issuer = verifier.issuers[signer.issuer]
        jwt.decode(signer.token(signer.issuer, aud=signer.issuer), issuer.keys, algorithms=[ALGORITHM])
    except (KeyError, ValueError, JoseError) as error:
        raise ValueError(f"TRUST_DIR {trust_dir} does not hold the public key to {key_file}") from error


def _token_sent() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("token-missing", "Send a token: Authorization: Bearer …")
    return token.strip()


def _caller(claims: dict[str, Any], issuer: Issuer) -> Caller:
    account = claims.get("account")
    if not all(isinstance(claims.get(name, ""), str) for name in ("sub", "account", "scope")):
        raise Unauthorized("token-invalid", "A claim of the token is not text.")
    grants = frozenset(claims.get("scope", "").split())
    if account is not None and not issuer.speaks_for_members:
        raise Unauthorized("token-invalid", "The token's issuer does not speak for members.")
    if not grants <= (issuer.without_account if account is None else issuer.with_account):
        raise Unauthorized("token-invalid", "The token says more than its issuer may say.")
    return Caller(claims["iss"], claims["sub"], account, grants, issuer.speaks_for_members)


def _read_issuer(path: Path) -> Issuer:
    stored = json.loads(path.read_text())
    if "audiences" not in stored:
        raise ValueError(f"{path} names no audiences: write the trust files of this release first")
    return Issuer(
        jwk.KeySet.import_key_set({"keys": stored["keys"]}),
        frozenset(stored["with_account"]),
        frozenset(stored["without_account"]),
        frozenset(stored["audiences"]),
        stored.get("speaks_for_members") is True,
    )


class Access(NamedTuple):
    """What a route asks for: one of `grants`, or being the member named by the argument `own`."""

    grants: frozenset[str]
    own: str | None = None


PUBLIC = Access(frozenset())


def allow(*grants: str, own: str | None = None) -> Callable[[F], F]:
    """The route is for callers with one of `grants`; `own="member_id"` also lets that member in."""

    def mark(view: F) -> F:
        view.access = Access(frozenset(grants), own)  # type: ignore[attr-defined]
        return view

    return mark


def public(view: F) -> F:
    """The route is for everybody."""
    view.access = PUBLIC  # type: ignore[attr-defined]
    return view


def access_of(app: Flask, endpoint: str) -> Access | None:
    return getattr(app.view_functions[endpoint], "access", None)


def caller() -> Caller:
    """Who is asking in this request."""
    return cast(Caller, g.caller)


def require_account(account_id: str) -> None:
    """The account named in the path or body must be the token's, if the token is bound to one."""
    bound_to = caller().account
    if bound_to is not None and bound_to != account_id:
        raise Forbidden("wrong-account", "The token belongs to another account.")


def check_request(app: Flask, verifier: Verifier) -> None:
    """Before every request: refuse whoever the route does not allow."""
    if request.endpoint is None:
        return
    access = access_of(app, request.endpoint)
    if access is None:
        raise Forbidden("no-permission-named", "The route names no permission.")
    if access == PUBLIC:
        with suppress(Unauthorized):  # whoever acts for others may say so; anybody else need not say who it is
            if (sender := verifier.caller(_token_sent())).account is None:
                g.caller = sender
        return
    g.caller = verifier.caller(_token_sent())
    arguments = request.view_args or {}
    if "account_id" in arguments:
        require_account(str(arguments["account_id"]))
    itself = access.own is not None and str(arguments[access.own]) == g.caller.id and g.caller.account
    if not itself and not access.grants & g.caller.grants:
        raise Forbidden("permission-missing", "The token lacks a permission.", needs=sorted(access.grants))
