"""make token: what a role or a service may say, for the running suite."""

import uuid

import pytest

from entitlements.domain import ROLES
from kit import auth
from kit.errors import Unauthorized
from local import keys, tokens

ACCOUNT = str(uuid.uuid4())


@pytest.fixture
def directory(issuers, tmp_path):
    keys.write(issuers, tmp_path / "keys")
    return tmp_path


@pytest.fixture
def caller(directory):
    def caller(**env: str) -> auth.Caller:
        token = tokens.asked_for(directory, env)
        return auth.Verifier(directory / "keys" / "trust", env.get("UNIT", "entitlements")).caller(token)

    return caller


@pytest.mark.parametrize("role", ROLES)
def test_a_role_says_what_entitlements_lets_it(caller, role):
    found = caller(ACCOUNT=ACCOUNT, ROLE=role)

    assert (found.issuer, found.account, found.grants) == ("portal", ACCOUNT, ROLES[role])


def test_the_same_role_is_the_same_caller_so_that_idempotency_keys_work(caller):
    assert caller(ACCOUNT=ACCOUNT, ROLE="auditor").id == caller(ACCOUNT=ACCOUNT, ROLE="auditor").id
    assert caller(ACCOUNT=ACCOUNT, MEMBER="someone").id == "someone"


def test_scopes_come_from_an_issuer_that_may_grant_them(caller):
    assert caller(SCOPES="events:read entitlements:read").issuer == "operator"
    assert caller(SCOPES="activation:link").issuer == "notifier"
    assert caller(SCOPES="sign-in").issuer == "portal"


@pytest.mark.parametrize("who", [{"ACCOUNT": ACCOUNT}, {"SCOPES": "events:read"}])
def test_a_token_is_for_the_unit_that_is_named(directory, caller, who):
    assert caller(UNIT="orders", **who)

    token = tokens.asked_for(directory, {"UNIT": "orders", **who})
    with pytest.raises(Unauthorized):
        auth.Verifier(directory / "keys" / "trust", "notifier").caller(token)


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({}, "Say ACCOUNT="),
        ({"ACCOUNT": "acme"}, "must be a UUID"),
        ({"ACCOUNT": ACCOUNT, "ROLE": "boss"}, "There is no role boss"),
        ({"SCOPES": "events:read everything"}, "No issuer may grant"),
        ({"SCOPES": "sign-in", "UNIT": "catalog"}, "portal may not address 'catalog'"),
    ],
)
def test_what_cannot_be_granted_is_said_in_words(directory, env, words):
    with pytest.raises(tokens.NoToken, match=words):
        tokens.asked_for(directory, env)


def test_without_a_suite_there_are_no_keys(tmp_path):
    with pytest.raises(tokens.NoToken, match="make run"):
        tokens.asked_for(tmp_path, {"SCOPES": "events:read"})
