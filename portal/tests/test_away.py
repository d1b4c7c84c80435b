"""A page never fails whole because one service is down; each part says so by itself."""

import pytest

PARTS = {
    "orders": {"/": "Recent activity", "/licenses": "Licenses that you own"},
    "notifier": {"/": "free", "/people/{grace}": "Manage license"},
    "entitlements": {"/": "Recent activity", "/licenses": "Attachments up to 2.5 GB"},
    "catalog": {"/": "5 assigned", "/licenses": "Attachments up to 2.5 GB", "/people": "Grace Hopper"},
}
CASES = [(service, path) for service, pages in PARTS.items() for path in pages]


@pytest.mark.parametrize(("service", "path"), CASES)
def test_the_rest_of_a_page_stays_when_a_service_is_down(signed_in, suite, service, path):
    browser = signed_in("Ada Lovelace")
    suite.down.add(service)
    answer = browser.open(path.format(grace=suite.member("Grace Hopper")["id"]))

    assert answer.status_code == 200
    assert PARTS[service][path] in answer.text
    assert ("cannot be reached" in answer.text) == (service != "catalog")


@pytest.mark.parametrize(
    "path", ["/", "/licenses", "/people", "/orders", "/activity", "/checkout", "/people/new"]
)
def test_with_every_service_down_pages_still_open_and_say_so(signed_in, suite, path):
    browser = signed_in("Ada Lovelace")
    suite.down.update(PARTS)

    answer = browser.open(path)
    assert answer.status_code == 200
    assert "cannot be reached" in answer.text


def test_what_was_typed_survives_a_service_that_is_down(signed_in, suite):
    browser = signed_in("Ada Lovelace")
    browser.open("/people/new")
    suite.down.add("entitlements")
    page = browser.send("/people", name="Mary", email="mary@engines.example").text

    assert "Nothing was changed" in page
    assert 'value="mary@engines.example"' in page


def test_signing_in_says_so_while_entitlements_is_down(browser, suite):
    suite.down.add("entitlements")
    answer = browser.open("/sign-in")

    assert answer.status_code == 200
    assert "cannot be reached" in answer.text
    assert "cannot be reached" in browser.send("/sign-in", email="ada@engines.example").text


def test_plans_keep_their_names_while_the_catalog_is_down(signed_in, suite):
    browser = signed_in("Ada Lovelace", "fr")
    browser.open("/licenses")
    suite.down.add("catalog")

    assert "Avancé" in browser.open("/licenses").text
