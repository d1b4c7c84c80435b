"""A session is a row of entitlements: the cookie only names it, and people see and end theirs."""

import re
import time

import pytest

from portal import browsers

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def copy_of(browser, app):
    """Another browser with the same cookies."""
    thief = type(browser)(app.test_client())
    thief.client._cookies.update(browser.client._cookies)
    return thief


def signed_in_as(browser):
    found = re.search(r'<div class="who"><strong>([^<]*)', browser.open("/").text)
    return found and found[1]


@pytest.fixture
def travel(monkeypatch):
    """Let so many seconds go by since the test began."""

    began = time.time()
    return lambda seconds: monkeypatch.setattr("portal.session.time.time", lambda: began + seconds)


def test_a_copied_cookie_ends_with_the_sign_out(app, signed_in, travel):
    browser = signed_in("Grace Hopper")
    thief = copy_of(browser, app)
    assert signed_in_as(thief) == "Grace Hopper"
    browser.open("/")
    browser.send("/sign-out")

    travel(330)
    assert signed_in_as(thief) is None


def test_an_ended_session_changes_nothing_from_then_on(app, signed_in, suite):
    browser = signed_in("Ada Lovelace")
    thief, grace = copy_of(browser, app), suite.member("Grace Hopper")
    browser.open("/")
    browser.send("/sign-out")
    answer = thief.post(f"/people/{grace['id']}/license", plan="eco")

    assert answer.headers["Location"].startswith("/sign-in")
    assert grace["license"] is None


def test_a_cookie_that_names_no_session_signs_nobody_in(signed_in):
    browser = signed_in("Ada Lovelace")
    with browser.client.session_transaction() as cookie:
        cookie["who"] = {name: value for name, value in cookie["who"].items() if name != "session"}

    assert signed_in_as(browser) is None


def test_the_cookie_is_no_use_after_the_end_that_entitlements_named(signed_in, travel):
    browser = signed_in("Ada Lovelace")
    travel(12 * 3600 - 10)
    assert signed_in_as(browser) == "Ada Lovelace"
    travel(12 * 3600 + 10)

    assert signed_in_as(browser) is None


def test_people_see_where_they_are_signed_in_and_end_a_session(signed_in, suite):
    here, elsewhere = signed_in("Grace Hopper"), signed_in("Grace Hopper")
    page = here.open("/account").text
    [there] = [id for id in suite.sessions if f"{id}/end" in page and id != own_of(here)]
    assert page.count("This one") == 1
    here.send(f"/account/sessions/{there}/end")

    assert list(suite.sessions) == [own_of(here)]
    assert elsewhere.post("/language", language="fr").status_code == 303
    assert elsewhere.post("/account/sessions/end").headers["Location"].startswith("/sign-in")


def own_of(browser):
    with browser.client.session_transaction() as cookie:
        return cookie["who"]["session"]


def test_to_end_the_own_session_signs_out(signed_in, suite):
    browser = signed_in("Grace Hopper")
    browser.open("/account")
    answer = browser.send(f"/account/sessions/{own_of(browser)}/end")

    assert "You are signed out" in answer.text
    assert suite.sessions == {}


def test_to_sign_out_everywhere_ends_all_sessions_and_this_one(signed_in, suite):
    browsers_of_grace = [signed_in("Grace Hopper") for _ in range(3)]
    other = signed_in("Ada Lovelace")
    browsers_of_grace[0].open("/account")
    browsers_of_grace[0].send("/account/sessions/end")

    assert list(suite.sessions) == [own_of(other)]
    assert signed_in_as(browsers_of_grace[0]) is None


def test_whoever_manages_people_ends_the_sessions_of_others_on_their_page(signed_in, suite):
    manager, grace = signed_in("Dorothy Manager"), suite.member("Grace Hopper")
    signed_in("Grace Hopper")
    signed_in("Grace Hopper")
    page = f"/people/{grace['id']}"
    of_grace = [id for id, row in suite.sessions.items() if row["member_id"] == grace["id"]]
    assert "Where" not in manager.open(page).text
    manager.send(f"{page}/sessions/{of_grace[0]}/end")
    assert of_grace[0] not in suite.sessions
    manager.send(f"{page}/sessions/end")
    assert of_grace[1] not in suite.sessions
    assert signed_in("Émile Auditeur").post(f"{page}/sessions/end").status_code == 403


def test_sessions_of_people_with_roles_are_ended_by_administrators_alone(signed_in, suite):
    ada = suite.member("Ada Lovelace")
    signed_in("Ada Lovelace")

    assert "sessions/end" not in signed_in("Dorothy Manager").open(f"/people/{ada['id']}").text
    assert "sessions/end" in signed_in("Benoît Mandelbrot").open(f"/people/{ada['id']}").text


def test_another_sign_in_in_the_same_browser_ends_the_former_session(signed_in, suite):
    browser = signed_in("Ada Lovelace")
    browser.open("/sign-in")
    browser.send("/sign-in/demo", member_id=suite.member("Grace Hopper")["id"], next="/")

    assert [row["member_id"] for row in suite.sessions.values()] == [suite.member("Grace Hopper")["id"]]


def test_who_signs_out_while_entitlements_is_away_is_told_what_that_means(signed_in, suite):
    browser = signed_in("Ada Lovelace")
    browser.open("/")
    suite.down.add("entitlements")

    assert "You are signed out in this browser." in browser.send("/sign-out").text
    assert signed_in_as(browser) is None


def test_a_browser_keeps_its_id_over_sign_outs_and_a_forged_one_is_replaced(app, signed_in, suite):
    browser = signed_in("Ada Lovelace")
    known = browser.client.get_cookie("seatwise-browser").value
    browser.open("/")
    browser.send("/sign-out")
    browser.open("/sign-in")
    browser.send("/sign-in/demo", member_id=suite.member("Ada Lovelace")["id"], next="/")
    assert browser.client.get_cookie("seatwise-browser").value == known

    browser.client.set_cookie("seatwise-browser", "../../x")
    browser.open("/sign-in")
    browser.send("/sign-in/demo", member_id=suite.member("Ada Lovelace")["id"], next="/")
    assert re.fullmatch(r"[0-9a-f]{32}", browser.client.get_cookie("seatwise-browser").value)


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox, Linux"),
        ("curl/8.5.0", "curl"),
        ("", None),
        ("(" * 100_000, None),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/18.1 Mobile/15E148 Safari/604.1", "Mobile Safari, iOS"),
    ],
)  # fmt: skip
def test_a_browser_is_described_in_a_few_words(user_agent, words):
    assert browsers.describe(user_agent) == words


def test_products_learn_which_session_they_were_entered_from(signed_in, app, monkeypatch, suite):
    settings = app.extensions["settings"]._replace(secure_messages_url="http://messages.example")
    monkeypatch.setitem(app.extensions, "settings", settings)
    browser = signed_in("Ada Lovelace")
    browser.open("/secure-messages")
    claims = app.extensions["links"].verifier.claims(browser.hidden("token"), audience="secure-messages")

    assert claims["sid"] == own_of(browser)
    assert 0 < claims["until"] - claims["iat"] <= 12 * 3600
