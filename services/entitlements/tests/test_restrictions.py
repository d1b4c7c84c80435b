"""Subscriptions in grace and suspended: what licenses allow then, who may be given one, and who hears of it."""

import pytest

from entitlements import commands, queries
from kit import db
from kit.cursors import Cursor
from kit.testing import announced

TOLD = ("license.changed", "license.suspended", "license.restored")


@pytest.fixture
def asks(client, bearer, office):
    """The answers, (allowed, reason, value), of all ways to ask; they are one."""
    headers = bearer("entitlements:read")

    def ask(member, feature="retrieval", **amount):
        question = {"account_id": office.id, "member_id": member, "feature": feature, **amount}
        quick = client.post("/v1/checks", json=question, headers=headers).json
        usual = client.post("/v1/checks?", json=question, headers={**headers, "Content-Length": "2000"}).json
        [batch] = client.post("/v1/checks/batch", json={"checks": [question]}, headers=headers).json["items"]
        told = [[one["allowed"], one["reason"], one["value"]] for one in (quick, usual, batch)]
        assert told[0] == told[1] == told[2]
        return told[0]

    return ask


def said():
    """(type, status) of what holders were told last."""
    return [(event.type, event.data["status"]) for event in announced() if event.type in TOLD]


def agree():
    return list(queries.differences()) == []


def test_in_grace_everything_is_allowed_and_the_reason_says_so(office, bob, asks):
    office.hears("grace")

    assert asks(bob) == [True, "grace", True]
    assert asks(bob, "attachments.max_mb", amount=100) == [True, "grace", 100]
    assert asks(bob, "attachments.max_mb", amount=101) == [False, "limit-exceeded", 100]
    assert said() == [("license.changed", "grace")]
    assert agree()


def test_suspended_nothing_is_allowed_and_restored_everything_is(office, bob, asks):
    held = office.gets(f"/members/{bob}")["license"]
    office.hears("suspended")
    assert asks(bob) == [False, "suspended", True]
    assert asks(bob, "attachments.max_mb", amount=101) == [False, "suspended", 100]
    assert office.gets(f"/members/{bob}")["license"] == {**held, "status": "suspended"}
    assert agree()

    office.hears("active")
    assert asks(bob) == [True, "ok", True]
    assert office.gets(f"/members/{bob}")["license"] == held
    assert said() == [("license.suspended", "suspended"), ("license.restored", "active")]
    assert agree()


def test_a_feature_that_the_plan_lacks_is_not_there_in_grace_either(office, asks):
    office.buys("eco", 1)
    office.assigns(office.administrator["id"], "eco")
    office.hears("grace")

    assert asks(office.administrator["id"]) == [False, "feature-not-in-plan", False]


def test_whoever_has_no_license_is_told_so_whatever_is_suspended(office, bob, asks):
    office.hears("suspended")

    assert asks(office.hires("carl")) == [False, "no-license", None]


def test_what_a_member_may_use_says_the_status_and_its_etag_moves(client, bearer, office, bob):
    path, headers = f"{office.url}/members/{bob}/entitlements", bearer("entitlements:read")
    etags = set()
    for status in ("active", "grace", "suspended"):
        if status != "active":
            office.hears(status)
        answer = client.get(path, headers=headers)
        assert (answer.json["status"], answer.json["plan"]) == (status, "advanced")
        etags.add(answer.headers["ETag"])
    nobody = client.get(f"{office.url}/members/{office.administrator['id']}/entitlements", headers=headers)

    assert len(etags) == 3
    assert (nobody.json["status"], nobody.json["plan"]) == ("none", None)


def test_of_several_families_only_what_is_not_suspended_counts(office, world, bob, asks):
    world.publishes("pro", family="archive")
    office.buys("pro", 1, "month")
    assert office.assigns(bob, "pro").status_code == 201
    assert asks(bob, "attachments.max_mb") == [True, "ok", 2560]

    office.hears("suspended", "month")
    assert asks(bob, "attachments.max_mb") == [True, "ok", 100]
    assert queries.entitlements(office.id, bob)["plan"] == "advanced"
    office.hears("grace", "year")
    assert asks(bob, "attachments.max_mb") == [True, "grace", 100]
    office.hears("suspended", "year")
    assert asks(bob, "attachments.max_mb") == [False, "suspended", 2560]
    assert agree()


@pytest.mark.parametrize("status", ["grace", "suspended"])
def test_nobody_new_is_given_a_license_that_is_not_active(office, bob, status):
    office.hears(status)
    refused = office.assigns(office.hires("carl"), "advanced")

    assert (refused.status_code, refused.json["code"]) == (409, "subscription-not-active")
    assert refused.json["subscription_status"] == status


def test_where_nothing_is_free_that_is_what_is_said(office):
    office.buys("eco", 1)
    office.assigns(office.hires("carl"), "eco")
    office.hears("suspended")

    assert office.assigns(office.hires("dora"), "eco").json["code"] == "no-free-license"


def test_the_license_given_is_the_free_one_that_is_active(office, bob):
    office.buys("advanced", 1, "month", end="2026-12-22")
    office.hears("suspended", "year")
    carl = office.hires("carl")

    assert office.assigns(carl, "advanced").status_code == 201
    assert office.gets(f"/licenses?member={carl}")["items"][0]["interval"] == "month"
    assert office.gets(f"/members/{carl}")["license"]["status"] == "active"


def test_whoever_held_it_gets_it_back_as_it_is(office, bob, asks):
    office.hears("grace")
    office.unassigns(office.gets(f"/members/{bob}")["license"]["assignment_id"])

    assert office.assigns(bob, "advanced").status_code == 201
    assert announced("license.assigned")[-1].data["status"] == "grace"
    assert asks(bob) == [True, "grace", True]
    assert agree()


def test_a_suspended_license_gives_no_token_and_a_restored_one_goes_on(office, bob, code_of, activate):
    code = code_of(bob).json["code"]
    assert activate(code).status_code == 201
    office.hears("suspended")
    for device in ("laptop", "phone"):
        assert activate(code, device).json["code"] == "license-suspended"
    path, body = f"/members/{bob}/devices", {"plan": "advanced", "device": {"id": "p", "name": "P"}}
    assert office.does("POST", path, body).json["code"] == "license-suspended"

    office.hears("active")
    assert activate(code).status_code == 201
    assert len(office.gets(path)["items"]) == 1


def test_in_grace_devices_are_let_in(office, bob, code_of, activate):
    office.hears("grace")

    assert activate(code_of(bob).json["code"]).status_code == 201


def test_the_same_status_told_again_changes_nothing(office, bob):
    office.hears("suspended")
    office.hears("suspended")
    office.hears("suspended", type_="subscription.changed")

    assert said() == [("license.suspended", "suspended")]


def test_whatever_orders_tells_last_of_a_subscription_counts(office, bob, asks):
    office.hears("grace", type_="subscription.changed")
    assert asks(bob)[1] == "grace"
    office.hears("active", type_="subscription.changed")
    assert asks(bob)[1] == "ok"


@pytest.mark.parametrize("status", [{}, {"status": "canceled"}])
def test_a_status_that_is_not_told_or_not_known_changes_nothing(office, bob, asks, status):
    office.hears("suspended")
    told = {"subscription_id": office.subscription("year"), "interval": "year", **status}
    office.world.tells("orders", "subscription.changed", office.id, told)

    assert asks(bob)[1] == "suspended"
    assert Cursor.select().where(Cursor.error.is_null(False)).count() == 0


def test_pools_and_licenses_say_how_they_stand(office, bob):
    office.buys("advanced", 1, "month")
    office.hears("grace", "year")

    [pool] = office.gets("/pools")["items"]
    assert {one["interval"]: one["status"] for one in pool["by_interval"]} == {
        "month": "active",
        "year": "grace",
    }
    licenses = office.gets("/licenses")["items"]
    assert {(one["interval"], one["status"]) for one in licenses} == {("month", "active"), ("year", "grace")}


def test_the_snapshot_tells_the_suspended_from_the_others(office, bob):
    office.buys("advanced", 1, "month")
    office.hears("suspended", "month")
    page = queries.snapshot(office.id, "")
    assert [(grant["plan"], grant["status"]) for grant in page["grants"]] == [("advanced", "active")]

    office.hears("suspended")
    page = queries.snapshot(office.id, "")
    assert [(grant["plan"], grant["status"]) for grant in page["grants"]] == [("advanced", "suspended")]


def test_seats_that_are_bought_all_the_same_are_suspended_with_the_others(office, bob):
    office.hears("suspended")
    office.buys("advanced", 1)

    assert {one["status"] for one in office.gets("/licenses")["items"]} == {"suspended"}


def test_a_suspended_license_can_be_taken_back(office, bob):
    office.hears("suspended")

    assert office.unassigns(office.gets(f"/members/{bob}")["license"]["assignment_id"]).status_code == 204
    assert agree()


def test_what_a_restored_orders_tells_no_longer_is_undone(office, bob, asks):
    before = office.hears("grace").sequence
    office.hears("suspended")
    office.hears("active")
    office.hears("suspended")

    assert commands.undo_statuses("orders", office.id, before + 2) == [
        "  the subscription by the year was suspended, and is active again"
    ]
    assert asks(bob) == [True, "ok", True]
    assert commands.undo_statuses("orders", office.id, before) == [
        "  the subscription by the year was active, and is grace again"
    ]
    assert asks(bob) == [True, "grace", True]
    assert commands.undo_statuses("orders", office.id, before - 1) != []
    assert asks(bob) == [True, "ok", True]
    assert said()[-3:] == [
        ("license.restored", "active"),
        ("license.changed", "grace"),
        ("license.changed", "active"),
    ]
    assert agree()


def test_a_suspension_that_was_undone_by_a_restore_is_in_force_again(office, bob, asks):
    suspended = office.hears("suspended").sequence
    office.hears("active")
    commands.undo_statuses("orders", office.id, suspended)
    assert asks(bob) == [False, "suspended", True]

    assert said()[-1] == ("license.suspended", "suspended")
    assert commands.undo_statuses("orders", office.id, suspended) == []
    assert agree()


def test_what_another_source_forgot_concerns_no_subscription(office, bob, asks):
    office.hears("suspended")

    assert commands.undo_statuses("catalog", office.id, 0) == []
    assert asks(bob)[1] == "suspended"


def test_verify_names_a_license_that_stands_otherwise_than_announced(office, bob):
    office.hears("suspended")
    with db.atomic():
        db.database.execute_sql("UPDATE restrictions SET status = 'grace'")

    [difference] = queries.differences()
    assert difference.startswith("status of license ")
    assert difference.endswith(": grace, by the log suspended")
