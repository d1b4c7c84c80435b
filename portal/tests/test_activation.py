"""Activation: the code from the e-mail is enough, and using it again changes nothing."""

import pytest


@pytest.fixture
def code(suite):
    suite.assign(suite.member("Sophie Germain"), "pro")
    return next(iter(suite.codes))


def test_the_link_from_the_mail_speaks_the_persons_language_and_one_button_activates(browser, suite, code):
    page = browser.open(f"/activate/{code}").text
    assert "Bienvenue, Sophie" in page
    assert "Comment installer" in page
    assert code in page

    assert "Votre licence est activée" in browser.send(f"/activate/{code}").text
    assert suite.member("Sophie Germain")["license"]["activated_at"]


def test_opening_the_link_activates_nothing(browser, suite, code):
    browser.open(f"/activate/{code}")

    assert suite.member("Sophie Germain")["license"]["activated_at"] is None


def test_a_used_code_says_so_and_asks_for_nothing(browser, code):
    browser.open(f"/activate/{code}")
    browser.send(f"/activate/{code}")
    page = browser.open(f"/activate/{code}").text

    assert "Cette licence est déjà activée" in page
    assert f'action="/activate/{code}"' not in page


@pytest.mark.parametrize("path", ["/activate/unknown", "/activate?code=unknown"])
def test_an_unknown_code_says_what_may_have_happened(browser, path):
    answer = browser.open(path)

    assert answer.status_code == 404
    assert "This code is not known" in answer.text


@pytest.mark.parametrize(("wait", "said"), [(42, "in 42 seconds."), (1, "in 1 second.")])
def test_whoever_has_to_wait_is_told_kindly_and_until_when(browser, suite, code, wait, said):
    suite.wait = wait
    answer = browser.open(f"/activate/{code}")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(wait))
    assert said in answer.text
    assert "This code is not known" not in answer.text
    assert f'href="/activate/{code}"' in answer.text


def test_waiting_between_the_page_and_its_button_is_said_on_the_page(browser, suite, code):
    browser.choose("fr", next=f"/activate/{code}")
    suite.wait = 30
    answer = browser.post(f"/activate/{code}")
    suite.wait = 0

    assert "réessayez dans 30 secondes" in browser.open(answer.headers["Location"]).text
    assert suite.member("Sophie Germain")["license"]["activated_at"] is None


def test_a_refusal_of_the_button_is_in_the_persons_language_like_its_page(browser, suite, code):
    browser.send(f"/activate/{code}")
    suite.devices[suite.member("Sophie Germain")["id"]][0]["released_at"] = "2026-11-23T06:21:00Z"

    assert "Cet appareil a été libéré" in browser.send(f"/activate/{code}").text


def test_a_code_is_typed_on_the_own_page(signed_in, code):
    sophie = signed_in("Sophie Germain")
    assert "Not activated yet" in sophie.open("/").text

    assert "Welcome, Sophie" in sophie.open(f"/activate?code={code}").text


@pytest.mark.parametrize(
    ("name", "when"), [("Sophie Germain", "23 nov. 2026, 01:21"), ("Grace Hopper", "Nov 23, 2026, 1:21")]
)
def test_instants_are_in_the_accounts_time_zone_and_no_sentence_has_two_full_stops(
    browser, suite, signed_in, name, when
):
    person = suite.member(name)
    suite.assign(person, "pro")["activated_at"] = "2026-11-23T06:21:00Z"
    signed = signed_in(name, person["locale"])

    for page in (browser.open(f"/activate/{next(iter(suite.codes))}").text, signed.open("/").text):
        assert when in page
        assert "m.." not in page
