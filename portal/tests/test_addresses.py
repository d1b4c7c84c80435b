"""A new address waits for its confirmation; names with roles belong to who may give roles; settings."""

import pytest


@pytest.fixture
def ada(signed_in):
    return signed_in("Ada Lovelace")


@pytest.fixture
def grace(suite):
    return suite.member("Grace Hopper")


@pytest.fixture
def manager(suite, signed_in):
    suite.new_member("Mary Shelley", "mary@engines.example", ["people-manager"], "en")
    return signed_in("Mary Shelley")


def saves(browser, person, **fields):
    here = f"/people/{person['id']}"
    browser.open(here)
    form = {"name": person["name"], "email": person["email"], "locale": "en", "roles": person["roles"]}
    return browser.send(here, **{**form, **fields}).text


def test_a_new_address_waits_on_the_persons_page_until_it_is_confirmed(ada, grace):
    page = saves(ada, grace, email="hopper@engines.example")

    assert "A link to confirm the address was sent to hopper@engines.example." in page
    assert "hopper@engines.example has not confirmed yet" in page
    assert grace["email"] == "grace.hopper@engines.example"
    assert "Another link was sent" in ada.send(f"/people/{grace['id']}/address/again").text
    page = ada.send(f"/people/{grace['id']}/address/withdrawal").text
    assert "was withdrawn" in page
    assert "has not confirmed yet" not in page


def test_an_address_of_another_domain_is_refused_at_its_field(ada, grace):
    page = saves(ada, grace, email="grace@elsewhere.example")

    assert 'id="email-error"' in page
    assert 'value="grace@elsewhere.example"' in page


def test_opening_the_link_changes_nothing_and_its_button_does(ada, grace, app, suite):
    from conftest import Browser

    saves(ada, grace, email="hopper@engines.example")
    visitor = Browser(app.test_client())
    link = f"/address/{grace['id']}"
    assert "Confirm this address" in visitor.open(link).text
    assert grace["email"] == "grace.hopper@engines.example"

    page = visitor.send(link).text
    assert grace["email"] == "hopper@engines.example"
    assert "Your e-mail address is now hopper@engines.example" in page
    assert "confirmed already" in visitor.send(link).text
    assert visitor.open("/address/unknown").status_code == 410


def test_confirming_ones_own_address_signs_out(signed_in, ada, grace):
    own = signed_in("Grace Hopper")
    saves(ada, grace, email="hopper@engines.example")
    own.open(f"/address/{grace['id']}")
    own.send(f"/address/{grace['id']}")

    assert "Sign in" in own.open("/").text
    assert "Sign out" not in own.page


def test_a_people_manager_cannot_rename_people_with_roles(manager, suite):
    ada, grace = suite.member("Ada Lovelace"), suite.member("Grace Hopper")

    page = manager.open(f"/people/{ada['id']}").text
    assert 'name="name"' not in page
    assert 'name="email"' not in page
    assert 'name="name"' in manager.open(f"/people/{grace['id']}").text
    manager.open(f"/people/{ada['id']}")
    manager.send(f"/people/{ada['id']}", locale="fr")
    assert (ada["name"], ada["locale"]) == ("Ada Lovelace", "fr")


def test_mails_about_new_devices_are_switched_where_settings_are(ada, suite, manager):
    assert 'name="new_device_mail" value="on" checked' in ada.open("/settings").text
    ada.send("/settings")
    assert suite.account["new_device_mail"] is False
    ada.send("/settings", new_device_mail="on")
    assert suite.account["new_device_mail"] is True
    assert manager.open("/settings").status_code == 403
