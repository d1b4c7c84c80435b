"""The sign-in of the portal carries over: with its token, once, within a minute, from its own page."""

import pytest

from kit import clock

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
