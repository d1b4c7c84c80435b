"""Who may see and do what; every page says for whom it is."""

import re
import time

import pytest

PAGES = {
    "Ada Lovelace": {"/licenses", "/orders", "/people", "/people/new", "/activity", "/checkout", "/devices"},
    "Chandra Purchaser": {"/licenses", "/orders", "/checkout", "/devices"},
    "Dorothy Manager": {"/licenses", "/people", "/people/new", "/devices"},
    "Émile Auditeur": {"/activity", "/devices"},
    "Grace Hopper": {"/devices"},
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("page", sorted(PAGES["Ada Lovelace"]))
def test_a_page_opens_for_those_whose_role_has_it(signed_in, name, page):
    answer = signed_in(name).client.get(page)

    assert answer.status_code == (200 if page in PAGES[name] else 403)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_links_to_one_that_the_person_may_not_open(signed_in, name, suite):
    suite.assign(suite.member("Grace Hopper"), "eco")
    browser = signed_in(name)
    for page in {"/", *PAGES[name]}:
        links = set(re.findall(r'href="(/(?!static|language)[^"#?]*)', browser.open(page).text))
        refused = {link for link in links if browser.client.get(link).status_code == 403}
        assert not refused, page


def test_every_route_says_for_whom_it_is(app):
    unsaid = [name for name, view in app.view_functions.items() if not hasattr(view, "access")]

    assert unsaid == []


def test_every_page_that_is_not_public_asks_strangers_to_sign_in(app):
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if app.view_functions[rule.endpoint].access:
            path = re.sub(r"<[^>]+>", "x", rule.rule)
            for method in rule.methods & {"GET", "POST"}:
                answer = client.open(path, method=method)
                assert answer.headers["Location"].startswith("/sign-in"), path


def test_a_purchaser_sees_no_way_to_add_users_or_to_remove_licenses(signed_in, suite):
    browser = signed_in("Chandra Purchaser")
    page = browser.open("/licenses").text

    assert "Add" in page
    assert "/removal" not in page
    assert "User Management</a>" not in page
    assert browser.post("/people", name="X", email="x@engines.example").status_code == 403
    assert browser.post(f"/people/{suite.member('Grace Hopper')['id']}/license", plan="eco").status_code == 403


def test_somebody_without_a_role_sees_the_own_license_and_nothing_else(signed_in, suite):
    browser = signed_in("Grace Hopper")
    assert "You have no license yet" in browser.open("/").text
    suite.assign(suite.member("Grace Hopper"), "pro")

    page = browser.open("/").text
    assert "Not activated yet" in page
    assert "How to install" in page
    assert "Options" not in page


def test_a_post_without_the_forms_token_changes_nothing(signed_in, suite):
    browser = signed_in("Ada Lovelace")
    grace = suite.member("Grace Hopper")
    answer = browser.client.post(f"/people/{grace['id']}/license", data={"plan": "eco"})

    assert answer.status_code == 400
    assert "open for too long" in answer.text
    assert grace["license"] is None


def test_a_lost_permission_is_lost_within_five_minutes(signed_in, suite, monkeypatch):
    browser = signed_in("Dorothy Manager")
    suite.member("Dorothy Manager").update(roles=["member"], permissions=["account:read"])
    assert browser.client.get("/people").status_code == 200

    later = time.time() + 301
    monkeypatch.setattr("portal.session.time.time", lambda: later)
    assert browser.client.get("/people").status_code == 403


def test_permissions_hold_for_an_hour_while_entitlements_cannot_be_reached(signed_in, suite, monkeypatch):
    browser, began = signed_in("Ada Lovelace"), time.time()
    suite.down.add("entitlements")
    monkeypatch.setattr("portal.session.time.time", lambda: began + 3500)
    assert browser.client.get("/licenses").status_code == 200
    monkeypatch.setattr("portal.session.time.time", lambda: began + 4000)
    assert browser.client.get("/licenses").status_code == 503


def changing_and_exporting(app):
    """Method and path of every route that changes something or exports, and is not for everybody."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            if view.access and (method != "GET" or "csv" in rule.rule or "export" in rule.rule):
                yield method, re.sub(r"<[^>]+>", "x", rule.rule), view.access


def test_a_permission_taken_a_moment_ago_changes_and_exports_nothing(app, signed_in, suite):
    browser = signed_in("Ada Lovelace")
    csrf = browser.token()
    suite.member("Ada Lovelace").update(roles=["member"], permissions=["account:read"])
    routes = [
        (method, path) for method, path, access in changing_and_exporting(app) if "account:read" not in access
    ]

    assert browser.client.get("/people").status_code == 200, "reading goes on by the last reading"
    assert ("GET", "/activity.csv") in routes
    for method, path in routes:
        answer = browser.client.open(path, method=method, data={"csrf_token": csrf})
        assert answer.status_code == 403, f"{method} {path}"


def test_a_removed_person_changes_and_exports_nothing(app, signed_in, suite):
    for method, path, _ in changing_and_exporting(app):
        browser = signed_in("Ada Lovelace")
        suite.member("Ada Lovelace")["state"] = "removed"
        answer = browser.client.open(path, method=method, data={"csrf_token": browser.token()})
        assert answer.headers["Location"].startswith("/sign-in"), f"{method} {path}"
        suite.member("Ada Lovelace")["state"] = "active"


def test_changes_count_on_a_reading_of_five_minutes_while_entitlements_cannot_be_reached(
    signed_in, suite, monkeypatch
):
    browser, began = signed_in("Ada Lovelace"), time.time()
    browser.open("/licenses")
    csrf = browser.token()
    suite.down.add("entitlements")
    for seconds, status in ((290, 303), (310, 503)):
        monkeypatch.setattr("portal.session.time.time", lambda at=began + seconds: at)
        line = {"plan": "eco", "seats": "1", "csrf_token": csrf}
        assert browser.client.post("/licenses/cart/lines", data=line).status_code == status


def test_a_removed_person_is_signed_out(signed_in, suite, monkeypatch):
    browser = signed_in("Ada Lovelace")
    suite.member("Ada Lovelace")["state"] = "removed"
    later = time.time() + 301
    monkeypatch.setattr("portal.session.time.time", lambda: later)

    assert browser.client.get("/people").status_code == 303


def test_who_may_not_buy_is_not_told_to_choose_nor_shown_renewals_they_may_not_see(signed_in):
    page = signed_in("Dorothy Manager").open("/licenses").text

    assert "Choose a plan" not in page
    assert "Whoever buys for your organization can add more." in page
    assert "Next renewal" not in page


def test_remove_this_user_is_offered_only_where_it_would_be_done(signed_in, suite):
    ada, dorothy = suite.member("Ada Lovelace"), signed_in("Dorothy Manager")
    refused = dorothy.open(f"/people/{ada['id']}").text
    assert "Remove this user" not in refused
    assert "Only an administrator can remove somebody with these roles." in refused
    assert "Remove this user" in dorothy.open(f"/people/{suite.member('Grace Hopper')['id']}").text

    own = signed_in("Ada Lovelace")
    assert "Remove this user" in own.open(f"/people/{ada['id']}").text
    suite.member("Benoît Mandelbrot")["roles"] = ["member"]
    page = own.open(f"/people/{ada['id']}").text
    assert "Remove this user" not in page
    assert "The last administrator cannot be removed." in page
