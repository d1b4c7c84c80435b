"""GET changes nothing: neither what services know nor what the person chose."""

import re

import pytest
from fake_suite import ACCOUNT

from portal.clients.http import Api

# The pages that show a price ask orders for a quote, which sells nothing and is forgotten after a day. The
# token of a new address is read by a POST, so that no URL holds it.
READ_BY_POST = {f"/v1/accounts/{ACCOUNT}/quotes", "/v1/address-changes/readings"}
# It notes the session's last use.
SESSION_READING = re.compile(r"/v1/sessions/[0-9a-f-]+/readings")
# Written while reading: the protection of forms, the reading of permissions, and what is shown once.
OWN = {"csrf_token", "seen", "toast", "held", "_permanent"}
NAMES = {"code": "eco", "name": "portal.css", "version": "x", "filename": "portal.css"}


@pytest.fixture
def sent(monkeypatch):
    """Method and path of every call to a service."""
    calls: list[tuple[str, str]] = []
    send = Api.send

    def noting(self, method, path, **options):
        calls.append((method, path))
        return send(self, method, path, **options)

    monkeypatch.setattr(Api, "send", noting)
    return calls


def paths(app, suite):
    person = suite.member("Grace Hopper")["id"]
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods:
            arguments = {name: NAMES.get(name, person) for name in rule.arguments}
            yield rule.build(arguments)[1]


def test_no_get_changes_anything(app, suite, signed_in, sent):
    browser = signed_in("Ada Lovelace", language="fr")
    sent.clear()

    def kept() -> dict:
        with browser.client.session_transaction() as cookie:
            return {name: value for name, value in cookie.items() if name not in OWN}

    before = kept()
    opened = [browser.client.get(path).status_code for path in paths(app, suite)]
    assert len(opened) > 25
    assert opened.count(200) > 15
    assert kept() == before
    changing = {path for method, path in sent if method != "GET" and not SESSION_READING.fullmatch(path)}
    assert changing <= READ_BY_POST


def test_the_language_is_changed_by_a_form_alone(browser):
    assert browser.client.get("/language?language=fr").status_code == 405
    assert browser.client.get("/language/fr").status_code == 404
    assert 'lang="fr"' in browser.choose("fr").text
    assert browser.client.post("/language", data={"language": "en"}).status_code == 400
