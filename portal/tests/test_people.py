"""User Management: finding people, adding them, giving them licenses and taking them back."""

import re

import pytest


@pytest.fixture
def ada(signed_in):
    return signed_in("Ada Lovelace")


@pytest.fixture
def grace(suite):
    return suite.member("Grace Hopper")


def test_each_row_ends_with_the_license_icon_named_after_the_person(ada):
    page = ada.open("/people").text
    rows = re.findall(r"<tr role=\"row\" class.*?</tr>", page, re.DOTALL)

    assert len(rows) == 25
    assert 'aria-label="Manage license for Ada Lovelace"' in rows[0]
    assert all(
        re.search(r'aria-label="Manage license for [^"]+"[^<]*<svg.*?</a></td>\s*</tr>$', row, re.S)
        for row in rows
    )


def test_search_filter_and_page_stand_in_the_address(ada, suite, grace):
    assert "Grace Hopper" in ada.open("/people?q=HOPPER").text
    suite.assign(grace, "pro")
    page = ada.open("/people?plan=pro").text
    assert "Grace Hopper" in page
    assert "Ada Lovelace</a>" not in page

    following = re.search(r'href="(/people\?[^"]*cursor=[^"]*)"', ada.open("/people?q=person").text)[1]
    page = ada.open(following.replace("&amp;", "&")).text
    assert "Person Number30" in page
    assert 'value="person"' in page


def test_somebody_from_an_approved_domain_is_added_once(ada, suite):
    ada.open("/people/new")
    form = {
        "key": ada.hidden("key"),
        "name": "Mary Somerville",
        "email": "mary@engines.example",
        "locale": "fr",
    }
    ada.post("/people", **form, roles=["purchaser", "auditor"])
    page = ada.send("/people", **form, roles=["purchaser", "auditor"])

    assert page.text.count("<h1>Mary Somerville</h1>") == 1
    added = [one for one in suite.members.values() if one["name"] == "Mary Somerville"]
    assert [(one["roles"], one["locale"]) for one in added] == [(["purchaser", "auditor"], "fr")]


def test_a_domain_that_is_not_approved_is_refused_in_words_and_nothing_typed_is_lost(ada):
    ada.open("/people/new")
    page = ada.send(
        "/people", name="Eve Outside", email="eve@elsewhere.example", roles="auditor", locale="fr"
    ).text

    assert "The e-mail domain elsewhere.example is not approved" in page
    assert 'value="Eve Outside"' in page
    assert 'value="eve@elsewhere.example"' in page
    assert re.search(r'value="auditor" checked', page)
    assert not re.search(r'value="member" checked', page)
    assert re.search(r'value="fr" lang="fr" selected', page)


@pytest.mark.parametrize("address", ["", "help@seatwise.example"])
def test_whoever_can_approve_a_domain_is_named(ada, app, address):
    app.extensions["settings"] = app.extensions["settings"]._replace(support_email=address)
    ada.open("/people/new")
    page = ada.send("/people", name="Eve", email="eve@elsewhere.example", locale="en").text

    assert f"The operator of this portal{f' ({address})' if address else ''} can approve it." in page


def test_whoever_may_not_give_roles_adds_members_only(signed_in, suite):
    dorothy = signed_in("Dorothy Manager")
    assert 'name="roles"' not in dorothy.open("/people/new").text
    dorothy.send("/people", name="Mary", email="mary@engines.example", roles="administrator")

    assert suite.member("Mary")["roles"] == ["member"]


def test_details_and_roles_change(ada, grace):
    ada.open(f"/people/{grace['id']}")
    ada.send(f"/people/{grace['id']}", name="Rear Admiral Hopper", locale="fr", roles=["auditor"])

    assert (grace["name"], grace["locale"], grace["roles"]) == ("Rear Admiral Hopper", "fr", ["auditor"])


def test_a_removed_person_frees_the_license(ada, suite, grace):
    suite.assign(grace, "pro")
    assert "The Pro license becomes free" in ada.open(f"/people/{grace['id']}/removal").text
    ada.send(f"/people/{grace['id']}/removal")

    assert grace["state"] == "removed"
    assert suite.pool("pro")["free"] == 2


def test_the_mails_to_a_person_are_shown_with_their_state(ada, suite, grace):
    suite.assign(grace, "pro")
    page = ada.open(f"/people/{grace['id']}").text

    assert "Your license" in page
    assert "Sent" in page


def test_a_license_is_given_in_three_steps_and_undone_in_one(ada, suite, grace):
    ada.open(f"/people/{grace['id']}/license?next=/people?q=grace")
    page = ada.send(f"/people/{grace['id']}/license", plan="pro", next="/people?q=grace")
    assert page.request.full_path == "/people?q=grace"
    assert "Grace Hopper now has Pro" in page.text
    assert grace["license"]["plan"] == "pro"

    undo = dict(
        re.findall(r'name="(plan|next|undo)" value="([^"]*)"', page.text[page.text.index('class="toast"') :])
    )
    ada.send(f"/people/{grace['id']}/license", **undo)
    assert grace["license"] is None


def test_a_plan_with_nothing_free_cannot_be_chosen_and_leads_to_buying(ada, suite, grace):
    suite.pools["pro"] = 0
    page = ada.open(f"/people/{grace['id']}/license").text

    assert re.search(r'value="pro" disabled', page)
    assert 'href="/licenses?plan=pro#pro"' in page
    assert "None bought yet" in page


def test_the_last_seat_taken_meanwhile_is_said_and_the_old_license_stays(ada, suite, grace):
    suite.assign(grace, "eco")
    ada.open(f"/people/{grace['id']}/license")
    suite.pools["pro"] = 0
    page = ada.send(f"/people/{grace['id']}/license", plan="pro").text

    assert "The last free license of Pro was taken meanwhile" in page
    assert grace["license"]["plan"] == "eco"


def test_a_seat_lost_between_giving_back_and_taking_leaves_the_old_license(ada, suite, grace, monkeypatch):
    suite.assign(grace, "eco")
    taken = {"plan": "pro", "capacity": 2, "assigned": 1, "free": 1, "parked": 0, "by_interval": []}
    for name in ("Sophie Germain", "Ada Lovelace"):
        suite.assign(suite.member(name), "pro")
    seen = suite.pool
    calls = iter([taken])
    monkeypatch.setattr(
        suite, "pool", lambda plan: next(calls, None) or seen(plan) if plan == "pro" else seen(plan)
    )
    page = ada.send(f"/people/{grace['id']}/license", plan="pro").text

    assert "was taken meanwhile" in page
    assert grace["license"]["plan"] == "eco"


def test_a_license_is_taken_back_and_the_plan_changed(ada, suite, grace):
    suite.assign(grace, "eco")
    ada.open(f"/people/{grace['id']}/license")
    ada.send(f"/people/{grace['id']}/license", plan="pro")
    assert grace["license"]["plan"] == "pro"

    page = ada.send(f"/people/{grace['id']}/license", plan="none").text
    assert "no longer has a license" in page
    assert grace["license"] is None


def test_an_e_mail_is_promised_only_to_who_gets_a_license(ada, suite, grace):
    suite.assign(grace, "eco")
    page = ada.open(f"/people/{grace['id']}/license").text

    assert "no e-mail goes out when it is taken back" in page
    assert "The person gets a confirmation" not in page


def test_saving_without_a_choice_asks_for_one(ada, grace):
    ada.open(f"/people/{grace['id']}/license")

    assert "Choose a plan." in ada.send(f"/people/{grace['id']}/license").text


def test_the_mail_about_a_license_is_sent_again_once_in_ten_minutes(ada, suite, grace):
    assert "Send the e-mail again" not in ada.open(f"/people/{grace['id']}").text
    suite.assign(grace, "pro")
    here = f"/people/{grace['id']}"
    page = ada.open(here)
    assert "Send the e-mail again" in page.text

    assert "is on its way" in ada.send(f"{here}/reminder", key=ada.hidden("key")).text
    assert "Wait ten minutes" in ada.send(f"{here}/reminder", key="").text
    suite.members[grace["id"]]["license"] = None
    assert "has no license" in ada.send(f"{here}/reminder", key="").text


def test_all_who_have_not_activated_get_the_mail_again(ada, suite, grace):
    for one in suite.members.values():
        one["license"] = None
    assert "all who have not activated" not in ada.open("/people").text
    suite.assign(grace, "pro")
    ada.open("/people?q=grace")
    assert "1 person gets the e-mail again." in ada.send("/people/reminders", key=ada.hidden("key")).text
    assert suite.reminded == {grace["id"]}
    assert "Nobody has to be written to" in ada.send("/people/reminders", key="").text


def test_only_those_who_give_licenses_send_the_mail_again(signed_in, suite, grace):
    suite.assign(grace, "pro")
    purchaser = next(one for one in suite.members.values() if one["roles"] == ["purchaser"])
    browser = signed_in(purchaser["name"])
    browser.open("/")

    assert browser.post(f"/people/{grace['id']}/reminder").status_code == 403
    assert browser.post("/people/reminders").status_code == 403
