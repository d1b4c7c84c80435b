"""What an installed product is told stands in its token alone: no network is needed to believe or refuse it."""

import socket
import time

import pytest
from joserfc import jwk, jwt

from seatwise.activation import NotActivated, verify

KEY, FOREIGN = (jwk.OKPKey.generate_key("Ed25519", {"kid": "one"}) for _ in range(2))
KEYS = jwk.KeySet([KEY]).as_dict(private=False)
MINE = {"device": "d-1", "member": "ada", "plan": "pro"}


def token(key=KEY, **other):
    claims = {
        "aud": "activation",
        "sub": "ada",
        "account": "acme",
        "plan": "pro",
        "device": "d-1",
        "exp": int(time.time()) + 86400,
        **other,
    }
    return jwt.encode({"alg": "Ed25519", "kid": "one"}, claims, key, algorithms=["Ed25519"])


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError("a token is verified without network")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, forbidden)


def test_a_token_says_who_may_use_what_on_which_device(tmp_path):
    (tmp_path / "keys.json").write_text(str(KEYS).replace("'", '"'))
    for keys in (KEYS, tmp_path / "keys.json"):
        found = verify(token(), keys, **MINE)
        assert (found.member, found.account, found.plan, found.device) == ("ada", "acme", "pro", "d-1")
        assert found.expires > time.time()


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"exp": int(time.time()) - 1}, "expired"),
        ({"device": "d-2"}, "another device"),
        ({"sub": "bob"}, "another member"),
        ({"plan": "eco"}, "another plan"),
        ({"aud": "api"}, "not for activation"),
        ({"exp": "tomorrow"}, "broken"),
        ({"key": FOREIGN}, "broken"),
    ],
)
def test_one_that_has_expired_or_is_for_another_or_of_another_is_refused(told, why):
    with pytest.raises(NotActivated, match=why):
        verify(token(**told), KEYS, **MINE)


@pytest.mark.parametrize("text", ["", "no token", token()[:-8], token().replace(".", ".x", 1)])
def test_what_is_no_token_is_refused(text):
    with pytest.raises(NotActivated, match="broken"):
        verify(text, KEYS, any_device=True)


@pytest.mark.parametrize("device", [None, ""])
def test_a_token_is_read_for_a_device_or_expressly_for_any(device):
    with pytest.raises(ValueError, match="any_device=True"):
        verify(token(), KEYS, device)

    assert verify(token(), KEYS, any_device=True).device == MINE["device"]
