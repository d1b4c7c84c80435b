"""Signing in without passwords: links that work once, for fifteen minutes, and tell strangers nothing."""

import re
import time

import pytest

from kit.auth import Signer
from portal import forms, signin

ADA = "ada.lovelace@engines.example"


@pytest.fixture
def link(browser, letters):
    """Ask for a link as Ada; the path in the mail."""

    def ask(wanted="/people"):
        browser.open(f"/sign-in?next={wanted}")
        browser.send("/sign-in", email=ADA, next=wanted)
        return re.search(r"http://localhost(/sign-in/link/\S+)", letters[-1].text)[1]

    return ask


def test_the_mailed_link_leads_through_one_button_to_the_page_asked_for(browser, link, letters):
    path = link("/people?q=grace")
    page = browser.open(path)
    assert "Welcome, Ada Lovelace" in page.text
    assert "Grace" not in page.text

    answer = browser.send(path)
    assert answer.request.full_path == "/people?q=grace"
    assert "Grace Hopper" in answer.text
    assert letters[0].to == ADA


def test_the_link_goes_to_the_address_that_is_on_record(browser, letters):
    browser.send("/sign-in", email=ADA.upper())

    assert letters[0].to == ADA


def test_no_name_is_a_link_in_the_mail(browser, letters, suite):
    suite.account["name"] = suite.member("Ada Lovelace")["name"] = "https://evil.example/x"
    browser.send("/sign-in", email=ADA)

    for said in (letters[-1].text, letters[-1].html):
        assert "evil.\N{WORD JOINER}example" in said
        assert "evil.example" not in said


def test_opening_a_link_uses_nothing_up_but_its_button_works_once(browser, link, app):
    path = link()
    browser.open(path)
    browser.open(path)
    browser.send(path)
    other = type(browser)(app.test_client())
    other.open(path)

    assert "used already" in other.send(path).text


def test_a_stranger_gets_the_same_answer_and_no_mail(browser, letters):
    known = browser.send("/sign-in", email=ADA)
    unknown = browser.send("/sign-in", email="nobody@engines.example")

    assert re.sub(r"[0-9a-f]{2,}|csrf\S+", "", known.text) == re.sub(r"[0-9a-f]{2,}|csrf\S+", "", unknown.text)
    assert [letter.to for letter in letters] == [ADA]


def test_the_mail_speaks_the_persons_language(browser, letters):
    browser.send("/sign-in", email="sophie.germain@engines.example")

    assert letters[0].subject == "Votre lien de connexion"
    assert "Bonjour Sophie Germain" in letters[0].text


NETWORK, ADDRESS = "sign-in-per-caller", "sign-in-per-address"


@pytest.fixture
def told(browser, suite, time_machine):
    """The page after a link was asked for in vain, at 12:00."""

    def asking(limit, language, email):
        time_machine.move_to("2026-12-01T12:00:20Z", tick=False)
        browser.choose(language)
        suite.sign_ins_limited = {"retry_after": 880, "limit": limit}
        return browser.send("/sign-in", email=email).text

    return asking


@pytest.mark.parametrize("email", [ADA, "nobody@engines.example"])
@pytest.mark.parametrize(
    ("limit", "language", "said"),
    [
        (ADDRESS, "en", "with this address. Use the newest mail, or try again at 12:15 (UTC)"),
        (ADDRESS, "fr", "pour cette adresse. Utilisez le courriel le plus récent"),
        (NETWORK, "en", "from your network. Nothing is wrong with your address: try again at 12:15"),
        (NETWORK, "fr", "depuis votre réseau. Votre adresse n’est pas en cause"),
    ],
)
def test_the_page_says_who_asked_for_too_many_links_and_until_when(told, limit, language, said, email):
    assert said in told(limit, language, email)


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@engines.example", "a b@engines.example"])
def test_what_is_no_address_is_said_at_its_field(browser, letters, email):
    answer = browser.send("/sign-in", email=email)

    assert 'aria-invalid="true"' in answer.text
    assert 'role="alert"' in answer.text
    assert not letters


def test_an_expired_a_forged_and_a_strangers_link_sign_nobody_in(app, browser, suite, keys):
    ada = suite.member("Ada Lovelace")
    link = signin.Link(ada["id"], "account", "Engines", "Ada", 0, "/")
    links = app.extensions["links"]
    forged = signin.Links(Signer(keys / "notifier.json"), links.verifier).token(link)
    for token in (links.token(link, lasts=-10), forged, links.token(link)[:-4] + "AAAA"):
        assert "does not work any more" in browser.open(f"/sign-in/link/{token}").text
        assert "does not work any more" in browser.send(f"/sign-in/link/{token}").text
        assert browser.client.get("/people").headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:x",
        "people",
        "",
        None,
    ],
)
def test_only_pages_of_ours_are_gone_back_to(path):
    assert forms.local_path(path) == "/"


@pytest.mark.parametrize("way", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_no_redirect_leaves_the_portal(browser, suite, way):
    ada = suite.member("Ada Lovelace")["id"]

    assert browser.post("/language", language="fr", next=way).headers["Location"] == "/"
    assert browser.post("/sign-in/demo", member_id=ada, next=way).headers["Location"] == "/"


def test_the_session_is_forgotten_after_twelve_hours_and_by_signing_out(signed_in, monkeypatch):
    browser = signed_in("Ada Lovelace")
    later = time.time() + 12 * 3600 + 5
    with monkeypatch.context() as twelve_hours_on:
        twelve_hours_on.setattr("portal.session.time.time", lambda: later)
        assert browser.client.get("/people").status_code == 303
    browser = signed_in("Ada Lovelace")
    browser.open("/")
    browser.send("/sign-out")
    assert browser.client.get("/people").headers["Location"] == "/sign-in?next=/people"


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(browser, suite):
    answer = browser.post("/sign-in/demo", member_id=suite.member("Ada Lovelace")["id"])

    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]


def test_nobody_signs_in_with_one_click_outside_the_demo(app, browser, suite):
    app.extensions["settings"] = app.extensions["settings"]._replace(demo_account="")
    assert "Demo" not in browser.open("/sign-in").text
    browser.send("/sign-in/demo", member_id=suite.member("Ada Lovelace")["id"])

    assert browser.client.get("/people").status_code == 303


def test_the_demo_shows_administrators_first(browser):
    page = browser.open("/sign-in").text
    names = re.findall(r'name="member_id".*?</span><span>([^<]+)<small>([^<]+)', page)

    assert [role for _, role in names[:3]] == ["Administrator", "Administrator", "Purchaser"]
    assert len(names) == 37


def test_the_mail_names_the_person_and_has_a_button_and_the_senders_domain():
    letter = signin.Letter("Ada Lovelace", ADA, "Your link", "text", '<a href="https://there">Sign in</a>')
    mail = signin.compose("Seatwise <no-reply@seatwise.example>", letter)

    assert mail["To"] == f"Ada Lovelace <{ADA}>"
    assert mail["Message-ID"].endswith("@seatwise.example>")
    assert mail["Date"].datetime.tzinfo is not None
    assert mail["Date"].endswith("+0000")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_a_name_is_never_decoded_into_headers_of_the_mail():
    name = "=?utf-8?q?x=0d=0aBcc=3a_eve=40evil.example?="
    mail = signin.compose("no-reply@seatwise.example", signin.Letter(name, ADA, "Your link", "text", "text"))

    assert b"\nBcc:" not in mail.as_bytes()
    assert name.replace("=?", "= ?") in str(mail["To"])


def test_both_parts_of_the_mail_hold_the_link(browser, letters):
    browser.open("/sign-in")
    browser.send("/sign-in", email=ADA, next="/people")

    [letter] = letters
    link = re.search(r"http://localhost/sign-in/link/\S+", letter.text)[0]
    assert f'<a href="{link}"' in letter.html
    assert "Hello Ada Lovelace" in letter.html


def test_an_expired_link_and_a_page_for_other_roles_are_reported(app, browser, signed_in, suite):
    ada = suite.member("Ada Lovelace")
    links = app.extensions["links"]
    token = links.token(signin.Link(ada["id"], "account", "Engines", "Ada", 0, "/"), lasts=-10)
    browser.post(f"/sign-in/link/{token}")
    browser.post(f"/sign-in/link/{token[:-4]}AAAA")
    assert suite.refusals == [{"member_id": ada["id"], "kind": "sign-in", "reason": "expired"}]

    sophie = suite.member("Sophie Germain")
    assert signed_in("Sophie Germain").open("/activity").status_code == 403
    asked = {"route": "GET /activity", "needed": ["activity:read"]}
    assert suite.refusals[1:] == [{"member_id": sophie["id"], "kind": "permission", **asked}]
