"""Whoever looks at licenses sees that a subscription is in grace or suspended, and what that means."""

import pytest

PAGES = ("/", "/licenses", "/people")
SAID = {
    "en": {"grace": "days of grace", "suspended": "suspended"},
    "fr": {"grace": "délai de grâce", "suspended": "suspendu"},
}


@pytest.fixture
def ada(signed_in):
    return signed_in("Ada Lovelace")


def hold(suite, name, plan="eco"):
    """The license of somebody, which says the status of the subscription."""
    member = suite.member(name)
    suite.assign(member, plan)
    return member


@pytest.mark.parametrize("status", ["grace", "suspended"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_with_licenses_say_it(signed_in, suite, language, status):
    held = hold(suite, "Grace Hopper")
    browser, said = signed_in("Ada Lovelace", language), SAID[language][status]
    pages = (*PAGES, f"/people/{held['id']}/license")
    assert [path for path in pages if said in browser.open(path).text.lower()] == []

    suite.status = held["license"]["status"] = status
    assert [path for path in pages if said not in browser.open(path).text.lower()] == []


def test_whoever_wants_to_buy_reads_it_before_the_packages(ada, suite):
    hold(suite, "Grace Hopper")
    suite.status = "suspended"
    page = ada.open("/licenses").text

    assert 0 < page.index("is suspended") < page.index("Packages")


def test_whoever_holds_a_license_sees_that_it_is_suspended(signed_in, suite):
    held = hold(suite, "Grace Hopper")
    held["license"]["status"] = "suspended"

    assert "Suspended" in signed_in("Grace Hopper").open("/").text


def test_a_release_of_entitlements_that_does_not_say_it_is_read_as_before(ada, suite, monkeypatch):
    pool = suite.pool

    def without_status(plan):
        told = pool(plan)
        return {
            **told,
            "by_interval": [{k: v for k, v in one.items() if k != "status"} for one in told["by_interval"]],
        }

    monkeypatch.setattr(suite, "pool", without_status)

    assert "grace" not in ada.open("/licenses").text


def test_buying_meanwhile_is_refused_in_words(ada, suite):
    suite.cart["lines"] = [{"plan": "eco", "seats": 1}]
    suite.status = "grace"

    assert "nothing can be bought" in ada.open("/licenses").text


def test_somebody_new_gets_no_license_and_whoever_has_one_keeps_it(ada, suite):
    grace, sophie = hold(suite, "Grace Hopper"), suite.member("Sophie Germain")
    suite.status = "grace"
    for member in (grace, sophie):
        page = ada.send(f"/people/{member['id']}/license", plan="pro").text
        assert "nobody new gets a license" in page

    assert grace["license"]["plan"] == "eco"
    assert sophie["license"] is None
