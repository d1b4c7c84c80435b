"""Tokens: who is asking, for which account, and what they may do.

A token is a JWT signed with Ed25519. TRUST_DIR holds one file per issuer: its public keys (next,
current, previous) and what it may grant at most: in tokens bound to an account, and in others.
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
API = "api"  # the audience of tokens for services; other purposes have their own
LONGEST_LIFE = 24 * 3600  # seconds; no token is good for longer
CACHED_TOKENS = 10_000

F = TypeVar("F", bound=Callable[..., Any])


class Caller(NamedTuple):
    """Who is asking. `account` is None for services and operators, who are bound to none."""

    issuer: str
    id: str
    account: str | None
    grants: frozenset[str]

    @property
    def actor(self) -> str:
        return f"member:{self.id}" if self.account else f"{self.issuer}:{self.id}"


class Issuer(NamedTuple):
    """Whose keys these are may grant this, with an account in the token and without one."""

    keys: jwk.KeySet
    with_account: frozenset[str]
    without_account: frozenset[str]


class Signer:
    """Signs tokens as the issuer whose private key the file holds: {"issuer", "key": a JWK}."""

    def __init__(self, key_file: str | Path):
        stored = json.loads(Path(key_file).read_text())
        self.issuer = stored["issuer"]
        self.key = jwk.import_key(stored["key"])

    def token(self, who: str, grants: set[str] | frozenset[str] = frozenset(), **claims: Any) -> str:
        """A token for `who`, good for `lasts` seconds (300); `account`, `aud` and other claims as given."""
        issued = int(time.time())
        payload = {
            "iss": self.issuer,
            "aud": API,
            "sub": who,
            "iat": issued,
            "exp": issued + claims.pop("lasts", 300),
            "scope": " ".join(sorted(grants)),
            **{name: value for name, value in claims.items() if value is not None},
        }
        header = {"alg": ALGORITHM, "kid": self.key.kid}
        return jwt.encode(header, payload, self.key, algorithms=[ALGORITHM])


class Verifier:
    """Checks tokens against the issuers of a trust directory; verified ones are remembered, bounded."""

    def __init__(self, trust_dir: str | Path):
        self.issuers = {path.stem: _read_issuer(path) for path in Path(trust_dir).glob("*.json")}
        if not self.issuers:
            raise ValueError(f"TRUST_DIR {trust_dir} holds no public keys: every call would be refused")
        self._seen: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    def caller(self, token: str) -> Caller:
        """Who a token for our API speaks for; Unauthorized when it is broken, foreign or expired."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        expires, caller = self._seen.get(digest, (0.0, None))
        if caller is None or expires <= time.time():
            claims = self.claims(token, audience=API)
            issuer = self.issuers[claims["iss"]]
            expires, caller = claims["exp"], _caller(claims, issuer)
            self._seen[digest] = (expires, caller)
            if len(self._seen) > CACHED_TOKENS:
                self._seen.popitem(last=False)
        return caller

    def claims(self, token: str, audience: str) -> dict[str, Any]:
        """The verified claims of a token made for `audience`."""
        try:
            unverified = json.loads(jws.extract_compact(token.encode()).payload)
            issuer = self.issuers[str(unverified["iss"])]
            claims: dict[str, Any] = jwt.decode(token, issuer.keys, algorithms=[ALGORITHM]).claims
            needed: jwt.ClaimsOption = {"essential": True}
            aimed: jwt.ClaimsOption = {"essential": True, "value": audience}
            jwt.JWTClaimsRegistry(leeway=5, aud=aimed, exp=needed, iat=needed, sub=needed).validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            log.info("token_refused", error=repr(error)[:200])  # the answer does not tell a stranger why
            raise Unauthorized("token-invalid", "The token is broken, unknown or expired.") from error
        if claims["exp"] - claims["iat"] > LONGEST_LIFE:
            raise Unauthorized("token-invalid", "The token lives for longer than a day.")
        return claims


def check_keys(trust_dir: str, key_file: str) -> None:
    """Whether those who have this trust directory believe what we sign; ValueError when they do not."""
    signer = Signer(key_file)
    try:
        Verifier(trust_dir).claims(signer.token(signer.issuer), audience=API)
    except Unauthorized as error:
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
    if not grants <= (issuer.without_account if account is None else issuer.with_account):
        raise Unauthorized("token-invalid", "The token says more than its issuer may say.")
    return Caller(claims["iss"], claims["sub"], account, grants)


def _read_issuer(path: Path) -> Issuer:
    stored = json.loads(path.read_text())
    keys = jwk.KeySet.import_key_set({"keys": stored["keys"]})
    return Issuer(keys, frozenset(stored["with_account"]), frozenset(stored["without_account"]))


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
