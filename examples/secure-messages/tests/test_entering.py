"""The sign-in of the portal carries over: with its token, once, within a minute, from its own page."""

import pytest

from kit import clock
from secure_messages import settings
from secure_messages.app import create_app

PORTAL = "https://portal.example"


@pytest.fixture
def enter(browser):
    def send(token, origin=PORTAL):
        headers = {"Origin": origin} if origin else {}
        return browser.client.post("/enter", data={"token": token}, headers=headers)

    return send


def test_who_comes_from_the_portal_is_signed_in_in_their_language(browser, enter, hand_over):
    answer = enter(hand_over(name="Benoît", locale="fr_CA"))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert '<html lang="fr">' in browser.open("/").text
    assert "Benoît" in browser.page


def test_a_token_is_used_once(browser, enter, hand_over):
    token = hand_over()
    assert enter(token).status_code == 303
    browser.client.delete_cookie("secure-messages")
    answer = enter(token)

    assert answer.status_code == 401
    assert "was used before" in answer.text
    assert browser.open("/").status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "api"},
        {"aud": "sign-in"},
        {"aud": ["orders", "api"]},
        {"issuer": "operator"},
        {"issuer": "secure-messages"},
        {"lasts": -60},
        {"lasts": 300},
        {"jti": "5"},
        {"jti": 5},
        {"jti": None},
        {"account": None},
        {"email": ["x"]},
    ],
    ids=str,
)
def test_no_other_token_signs_anybody_in(browser, enter, hand_over, changes):
    assert enter(hand_over(**changes)).status_code == 401
    assert browser.open("/").status_code == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_what_is_no_token_signs_nobody_in(enter, token):
    assert enter(token).status_code == 401


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "https://portal.example.evil.example"]
)
def test_no_other_page_signs_people_in_as_somebody_else(enter, hand_over, origin):
    assert enter(hand_over(), origin).status_code == 403


def test_who_is_not_signed_in_is_led_to_the_portal(browser):
    for path in ("/", "/messages/new", f"/messages/{clock.new_id()}"):
        answer = browser.open(path)
        assert answer.status_code == 401
        assert f'href="{PORTAL}/secure-messages"' in answer.text


def test_who_signs_out_is_signed_out(ada):
    ada.browser.open("/")
    ada.browser.post("/sign-out")

    assert ada.browser.open("/").status_code == 401


def test_a_form_of_another_page_sends_nothing(ada):
    answer = ada.browser.client.post("/messages", data={"recipients": "a@x.example", "body": "x"})

    assert answer.status_code == 400


def test_under_https_cookies_are_bound_to_the_host_and_a_new_key_signs_nobody_out(
    database, keys, licenses, ours, hand_over
):
    https = ours._replace(url="https://messages.example")
    unit = settings.read()._replace(trust_dir=str(keys / "trust"))
    client = create_app(unit, https, licenses).test_client()
    entering = {"data": {"token": hand_over()}, "headers": {"Origin": ours.portal_url}}
    answer = client.post("/enter", base_url=https.url, **entering)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-secure-messages=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"

    rotated = create_app(unit, https._replace(cookie_keys=("new-key",)), licenses).test_client()
    value = cookie.partition("=")[2].partition(";")[0]
    rotated.set_cookie("__Host-secure-messages", value, secure=True, domain="messages.example")
    assert rotated.get("/", base_url=https.url).status_code == 200


@pytest.mark.parametrize(
    "changes", [{"SECURE_MESSAGES_URL": "http://messages.example"}, {"SMTP_URL": "smtp://mailbox:1025"}]
)
def test_demo_settings_are_refused_under_https(monkeypatch, tmp_path, changes):
    known = {"SECURE_MESSAGES_URL": "https://messages.example", "SMTP_URL": "smtps://mx.example"}
    for name, value in {**known, "SECRET_KEY_FILE": str(tmp_path / "secret")}.items():
        monkeypatch.setenv(name, value)
    settings.require(None)
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=next(iter(changes))):
        settings.require(None)
