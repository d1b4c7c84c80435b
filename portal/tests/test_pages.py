"""Every screen is a whole page in both languages, without script, and under a strict policy."""

import gzip
import re

import pytest

from portal import assets

SCREENS = (
    "/",
    "/licenses",
    "/licenses/eco/removal",
    "/checkout",
    "/orders",
    "/people",
    "/people?plan=none&q=ada",
    "/people?q=nobody-at-all",
    "/people/new",
    "/people/{grace}",
    "/people/{grace}/license",
    "/people/{grace}/removal",
    "/activity",
    "/activity?type=license.assigned",
    "/activate",
)


@pytest.fixture
def opened(signed_in, suite):
    """Open a screen as Ada, who may do everything."""

    def open_page(screen, language="en"):
        grace = suite.member("Grace Hopper")
        suite.cart["lines"] = [{"plan": "pro", "seats": 3}]
        return signed_in("Ada Lovelace", language).open(screen.format(grace=grace["id"]))

    return open_page


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_is_a_whole_page_in_both_languages(opened, screen, language):
    answer = opened(screen, language)

    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert answer.text.count("<h1") == 1
    assert "cannot be reached" not in answer.text


@pytest.mark.parametrize("screen", SCREENS)
def test_no_page_carries_script_or_style_in_its_text_or_asks_other_hosts(opened, screen):
    answer = opened(screen)
    page = answer.text
    policy = answer.headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert not re.search(r'<script(?! src="/static/)|<style|\sstyle=|\son\w+=|javascript:', page)
    assert not re.search(r'(src|href|action)="(https?:)?//', page)


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_forbids_frames_and_copies_in_caches(opened, screen):
    headers = opened(screen).headers

    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("screen", SCREENS)
def test_a_page_with_all_that_it_loads_weighs_less_than_45_kilobytes(opened, screen):
    page = opened(screen).text
    names = set(re.findall(r"/static/\w+/([\w.-]+)", page))
    loaded = sum(len(assets.asset(name).compressed) for name in names)

    assert loaded + len(gzip.compress(page.encode())) < 45_000


def test_without_products_no_page_leads_to_one(opened):
    assert "secure-messages" not in opened("/").text


def test_pages_go_out_compressed_to_those_who_read_that(signed_in):
    browser = signed_in("Ada Lovelace")
    answer = browser.client.get("/people", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"User Management" in gzip.decompress(answer.data)


def test_static_files_are_kept_by_their_content_and_unknown_ones_do_not_exist(browser):
    answer = browser.client.get(assets.path("portal.css"))

    assert "immutable" in answer.headers["Cache-Control"]
    assert "no-cache" in browser.client.get("/static/other/portal.css").headers["Cache-Control"]
    assert browser.client.get("/static/x/..%2Fapp.py").status_code == 404
    assert browser.client.get("/static/x/nothing.css").status_code == 404


def test_the_language_is_kept_the_page_stays_and_the_persons_own_is_the_default(browser, suite):
    browser.send("/sign-in/demo", member_id=suite.member("Sophie Germain")["id"], next="/")
    assert "Ma licence" in browser.page

    answer = browser.choose("en", next="/activate?code=")
    assert answer.request.path == "/activate"
    assert "Activate your license" in browser.page
    assert "My license" in browser.open("/").text


def test_the_document_of_a_plan_comes_in_the_persons_language_and_may_run_nothing(browser):
    browser.choose("fr", next="/")
    answer = browser.client.get("/plans/eco/document")

    assert '<html lang="fr">' in answer.text
    assert "'sha256-" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert browser.client.get("/plans/none/document").status_code == 404
    assert browser.client.get("/plans/..%2fsecrets/document").status_code == 404


@pytest.mark.parametrize(
    "path", ["/orders/%00", "/people/%3Fstate=all", "/people/%23", "/activate/a%20b", "/orders/%C3%A9"]
)
def test_a_path_cannot_smuggle_a_query_into_the_call_of_a_service(signed_in, path):
    assert signed_in("Ada Lovelace").open(path).status_code == 404


def test_what_does_not_exist_is_said_in_words(signed_in):
    answer = signed_in("Ada Lovelace").client.get("/nothing")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_health_needs_no_sign_in_and_no_service(app, suite, path):
    suite.down.update(("catalog", "orders", "entitlements", "notifier"))

    assert app.test_client().get(path).status_code == 200
