"""Every route of every service is guarded, whoever adds one."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from joserfc import jwk, jwt
from werkzeug.routing import Rule

from kit import auth, clock
from kit.errors import Unauthorized

from .worlds import ACCOUNT, ISSUERS, SERVICES, World

EVERYBODY = {
    "catalog": {
        "GET /v1/plans",
        "GET /v1/plans/<code>",
        "GET /v1/plans/<code>/documents/<language>",
    },
    "orders": set(),
    "entitlements": {"POST /v1/activations", "GET /v1/activation-keys"},
    "notifier": set(),
}
OPERATIONS = {"GET /openapi.json", "GET /livez", "GET /readyz"}
PEOPLE = frozenset(ISSUERS["portal"]["with_account"])
UNITS = (*SERVICES, "secure-messages")


def routes(app: Flask) -> Iterator[tuple[str, Rule, auth.Access | None]]:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, rule, auth.access_of(app, rule.endpoint)


def guarded(app: Flask, world: World) -> Iterator[tuple[str, str, Rule, auth.Access]]:
    """Method, a path with made-up arguments, rule and access of every route that asks for a token."""
    for method, rule, access in routes(app):
        if access is not None and access != auth.PUBLIC:
            built = rule.build(world.arguments(rule.arguments))
            assert built is not None
            yield method, built[1], rule, access


def test_every_route_names_its_permission(app):
    assert [rule.rule for _, rule, access in routes(app) if access is None] == []


def test_no_route_is_for_everybody_unless_it_stands_here(app, package):
    public = {f"{method} {rule.rule}" for method, rule, access in routes(app) if access == auth.PUBLIC}

    assert public == EVERYBODY[package] | OPERATIONS


def test_every_permission_can_be_granted_by_somebody(app):
    known = {grant for may in ISSUERS.values() for grant in (*may["with_account"], *may["without_account"])}
    for _, rule, access in routes(app):
        if access is not None and access != auth.PUBLIC:
            assert access.grants, rule.rule
            assert access.grants <= known, rule.rule


def test_every_route_under_an_account_calls_it_by_the_name_that_is_checked(app):
    for _, rule, _ in routes(app):
        assert ("/accounts/<" in rule.rule) == ("<uuid:account_id>" in rule.rule), rule.rule


@pytest.fixture
def bad_headers(keys, world):
    """Every way not to say who one is, each of a caller who would otherwise be let in."""
    people = world.service in ISSUERS["portal"]["audiences"]
    issuer = "portal" if people else "operator"
    own_key = auth.Signer(keys / f"{issuer}.json").key
    strange_key = jwk.generate_key("OKP", "Ed25519")
    issued = int(time.time())
    bound = {"account": world.account, "scope": " ".join(PEOPLE)}
    may = {"sub": world.member, **(bound if people else {"scope": "plans:write"})}

    def token(key: Any = own_key, **changes: Any) -> str:
        claims = {"iss": issuer, "aud": world.service, "iat": issued, "exp": issued + 300, **may, **changes}
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": auth.ALGORITHM, "kid": own_key.kid}, said, key, [auth.ALGORITHM])

    good = token()
    assert auth.Verifier(keys / "trust", world.service).caller(good).grants == {*may["scope"].split()}
    header, payload, signature = good.split(".")
    tokens = {
        "that is none": "broken",
        "without its end": f"{header}.{payload}",
        "without signature": f"eyJhbGciOiJub25lIn0.{payload}.",  # {"alg":"none"}
        "with the signature of another": f"{header}.{token(sub=ACCOUNT).split('.')[1]}.{signature}",
        "signed by a stranger": token(strange_key),
        "that expired": token(iat=issued - 360, exp=issued - 60),
        "that lives for days": token(exp=issued + 3 * 24 * 3600),
        "that never expires": token(exp=None),
        "for another purpose": token(aud="sign-in"),
        "for another unit": token(aud=[unit for unit in UNITS if unit != world.service]),
        "for a unit whose name begins with ours": token(aud=f"{world.service}-2"),
        "for nothing": token(aud=None),
        "of an unknown issuer": token(iss="nobody"),
        "of no issuer": token(iss=None),
        "of nobody": token(sub=None),
        "that says more than its issuer may": token(scope="activation:link"),
        "bound to an account or not, as its issuer may not": token(account=None if people else ACCOUNT),
        "with an account that is no text": token(account=["a"]),
        "with a scope that is no text": token(scope=["people"]),
        "that is not text": "\xff\xfe",
        "as long as a book": "x" * 100_000,
    }
    headers = {name: {"Authorization": f"Bearer {sent}"} for name, sent in tokens.items()}
    return {
        **headers,
        "at all": {},
        "yet": {"Authorization": "Bearer "},
        "so": {"Authorization": f"Basic {good}"},
    }


def test_every_route_refuses_whoever_does_not_say_who_they_are(app, client, world, bad_headers):
    for method, path, _, _ in guarded(app, world):
        for what, headers in bad_headers.items():
            answer = client.open(path, method=method, headers=headers, json={})
            assert answer.status_code == 401, f"{method} {path} lets in a token {what}: {answer.status}"
            assert answer.content_type == "application/problem+json"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_every_route_of_an_account_refuses_people_of_another_account(app, client, world, bearer):
    stranger = bearer(*PEOPLE, account=clock.new_id(), who=world.member)
    for method, path, rule, _ in guarded(app, world):
        if "account_id" in rule.arguments:
            answer = client.open(path, method=method, headers=stranger, json={})
            assert (answer.status_code, answer.json["code"]) == (403, "wrong-account"), f"{method} {path}"


def test_every_route_refuses_whoever_may_do_everything_else(app, client, world, bearer):
    for method, path, _, access in guarded(app, world):
        issuers = [issuer for issuer, may in ISSUERS.items() if world.service in may["audiences"]]
        others = [
            bearer(*set(ISSUERS[issuer]["without_account"]) - access.grants, issuer=issuer)
            for issuer in issuers
        ]
        if "portal" in issuers:
            others.append(bearer(*PEOPLE - access.grants, account=world.account, who=clock.new_id()))
        for headers in others:
            answer = client.open(path, method=method, headers=headers, json={})
            assert (answer.status_code, answer.json["code"]) == (403, "permission-missing"), f"{method} {path}"


@pytest.mark.parametrize("issuer", [name for name in ISSUERS if name != "portal"])
def test_only_the_portal_speaks_for_members(app, client, world, keys, issuer):
    audience = {"aud": [world.service, auth.FORMER_AUDIENCE], "account": world.account}
    token = auth.Signer(keys / f"{issuer}.json").token(world.member, **audience)
    for method, path, _, _ in guarded(app, world):
        answer = client.open(path, method=method, headers={"Authorization": f"Bearer {token}"}, json={})
        assert (answer.status_code, answer.json["code"]) == (401, "token-invalid"), f"{method} {path}"


@pytest.mark.parametrize("audience", [*UNITS, auth.FORMER_AUDIENCE])
@pytest.mark.parametrize("issuer", ISSUERS)
def test_a_token_is_good_at_the_unit_that_it_names_if_its_issuer_may_address_it(
    keys, package, issuer, audience
):
    may = ISSUERS[issuer]
    token = auth.Signer(keys / f"{issuer}.json").token("me", set(may["without_account"]), aud=audience)
    verifier = auth.Verifier(keys / "trust", package)

    if package in may["audiences"] and audience in (package, auth.FORMER_AUDIENCE):
        assert verifier.caller(token).issuer == issuer
    else:
        with pytest.raises(Unauthorized):
            verifier.caller(token)


def test_a_token_for_a_unit_and_the_former_audience_is_good_at_that_unit_alone(keys):
    """Signers of this release name both, so that units of the release before believe them as well."""
    token = auth.Signer(keys / "notifier.json").token("notifier", {"events:read"}, aud=auth.for_unit("orders"))

    assert auth.Verifier(keys / "trust", "orders").caller(token)
    with pytest.raises(Unauthorized):
        auth.Verifier(keys / "trust", "entitlements").caller(token)


def test_what_is_no_route_is_a_problem_too(client):
    nowhere, wrong = client.get("/v1/nowhere"), client.delete("/v1/events")

    assert (nowhere.status_code, nowhere.json["code"]) == (404, "not-found")
    assert (wrong.status_code, wrong.json["code"]) == (405, "method-not-allowed")
    assert set(wrong.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert nowhere.content_type == wrong.content_type == "application/problem+json"


def test_exports_and_dry_runs_are_limited(app):
    """An answer of unbounded length and a run under a lock cost most: each such route has a limit."""
    described = app.test_client().get("/openapi.json").json
    schemas = described["components"]["schemas"]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if method in ("get", "post", "put", "patch", "delete"):
                written = str(operation["responses"].get("200")) + str(
                    [schemas[name] for name in schemas if f"/{name}'" in str(operation.get("requestBody"))]
                )
                if "text/csv" in written or "dry_run" in written:
                    assert "x-limit" in operation, f"{method} {path}"
