"""The sign-in carries over to a product: by a form that no address, log or referrer repeats."""

import re

import pytest

from kit import auth
from portal.app import create_app


@pytest.fixture
def app(app):
    """The portal of a suite with the product."""
    return create_app(app.extensions["settings"]._replace(secure_messages_url="https://messages.example"))


@pytest.fixture
def hand_over(signed_in):
    def answer(name="Ada Lovelace", language="en"):
        return signed_in(name, language).client.get("/secure-messages")

    return answer


def token(answer):
    found = re.search(r'name="token" value="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


def test_the_token_says_who_goes_on_to_this_product_alone_for_a_minute(hand_over, suite, keys):
    answer = hand_over(language="fr")
    claims = auth.Verifier(keys / "trust", "secure-messages").claims(token(answer), audience="secure-messages")

    assert claims["sub"] == suite.member("Ada Lovelace")["id"]
    assert claims["account"] == suite.account["id"]
    assert (claims["iss"], claims["scope"], claims["exp"] - claims["iat"]) == ("portal", "", 60)
    assert (claims["name"], claims["locale"][:2]) == ("Ada Lovelace", "fr")
    assert claims["email"] == suite.member("Ada Lovelace")["email"]
    assert token(hand_over()) != token(hand_over())


def test_it_is_no_token_for_any_service(hand_over, keys):
    for service in ("catalog", "orders", "entitlements", "notifier"):
        with pytest.raises(auth.Unauthorized):
            auth.Verifier(keys / "trust", service).caller(token(hand_over()))


def test_the_form_leads_to_the_product_and_the_policy_lets_no_other_form_leave(hand_over):
    answer = hand_over()

    assert '<form method="post" action="https://messages.example/enter"' in answer.text
    assert "form-action 'self' https://messages.example;" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "strict-origin"  # the browser says which site it comes from


def test_everybody_finds_the_way(signed_in, suite):
    suite.assign(suite.member("Grace Hopper"), "eco")

    assert 'href="/secure-messages"' in signed_in("Ada Lovelace").open("/").text
    assert 'href="/secure-messages"' in signed_in("Grace Hopper").open("/").text


def test_strangers_sign_in_first(browser):
    assert browser.client.get("/secure-messages").headers["Location"] == "/sign-in?next=/secure-messages"


class TestWithoutTheProduct:
    @pytest.fixture
    def app(self, app):
        return create_app(app.extensions["settings"]._replace(secure_messages_url=""))

    def test_there_is_no_way_to_it(self, signed_in):
        browser = signed_in("Ada Lovelace")

        assert "secure-messages" not in browser.open("/").text
        assert browser.client.get("/secure-messages").status_code == 404
