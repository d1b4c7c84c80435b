"""Every page is whole in both languages, without script and without a word to other hosts."""

import re

import pytest

from secure_messages.words import WORDS

PAGES = ("/", "/messages/new", "/messages/{message}", "{link}", "{link}/message")


@pytest.fixture
def open_page(make_sender, grace):
    def page(path, language):
        sender = make_sender(locale=language).holds("pro")
        message = sender.sends(("a.txt", b"1"), signing="on")
        reader, link = grace()
        browser = reader if path.startswith("{link}") else sender.browser
        headers = {"Accept-Language": language}
        return browser.open(path.format(message=message, link=link), headers=headers)

    return page


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_in_both_languages_and_speaks_to_nobody_else(open_page, path, language):
    answer = open_page(path, language)
    page = answer.text

    assert answer.status_code == 200
    assert f'<html lang="{language}">' in page
    assert page.count("<h1") == 1
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r'(src|action)="(https?:)?//', page)
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        assert 'method="post"' in form
        assert 'name="csrf_token"' in form
    for control in re.findall(r'<(?:input|textarea)[^>]* id="(\w+)"', page):
        assert f'<label for="{control}">' in page


def test_what_people_write_is_shown_and_not_obeyed(ada, grace):
    ada.sends(("<b>.txt", b"1"), subject="<script>alert(1)</script>", body="<img src=x>")
    browser, link = grace()
    page = browser.open(f"{link}/message").text

    assert "&lt;script&gt;" in page
    assert not re.search(r"<script|<img|<b>", page)


def test_every_text_says_the_same_in_both_languages():
    for key, texts in WORDS.items():
        named = {language: set(re.findall(r"{(\w+)}", text)) for language, text in texts.items()}
        assert named.keys() == {"en", "fr"}, key
        assert named["en"] == named["fr"], key


def test_the_style_is_served_and_asks_nobody(browser):
    answer = browser.client.get("/style.css")

    assert answer.content_type.startswith("text/css")
    assert "url(" not in answer.text
    assert "@import" not in answer.text


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_health_is_there(browser, path):
    assert browser.client.get(path).status_code == 200


def test_its_log_is_read_with_a_token(client, bearer):
    assert client.get("/v1/streams").status_code == 401
    assert client.get("/v1/streams", headers=bearer("events:read", issuer="notifier")).status_code == 200
