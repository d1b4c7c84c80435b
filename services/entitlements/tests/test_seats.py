"""Seats: issued by paid orders, given to people, taken back, parked."""

import pytest
import time_machine

from service_fixtures import announced


def refused(answer):
    return answer.status_code, answer.json["code"]


def test_a_paid_order_issues_its_seats_with_one_event_per_line(office):
    lines = [
        {"line": 1, "plan": "eco", "version": 1, "seats": 10_000},
        {"line": 2, "plan": "pro", "version": 1, "seats": 2},
    ]
    order = office.buys("eco", 0, lines=lines)

    issued = announced("license.issued")
    assert [(e.data["line"], e.data["seats"], e.data["pool"]["free"]) for e in issued] == [
        (1, 10_000, 10_000),
        (2, 2, 2),
    ]
    assert {event.data["order_id"] for event in issued} == {order.data["order_id"]}
    license = office.gets("/licenses?plan=pro&limit=1")["items"][0]
    assert (license["state"], license["order_id"], license["line"]) == ("free", order.data["order_id"], 2)
    assert license["subscription_id"] == order.data["subscription_id"]
    assert license["term"] == order.data["term"]


def test_order_paid_delivered_twice_issues_its_seats_once(office, world):
    order = office.buys("eco", 3)
    world.reader.take([order], fresh=True)
    assert office.pool("eco") == (0, 3, 0)

    world.tells("orders", "order.paid", office.id, order.data)  # said again as another event
    assert office.pool("eco") == (0, 3, 0)
    assert len(announced("license.issued")) == 1


def test_an_order_waits_for_the_plan_it_names(office, world):
    from kit import cursors

    line = {"line": 1, "plan": "eco", "version": 2, "seats": 1}
    order = office.buys("eco", 1, lines=[line])
    waiting = cursors.Cursor.get(cursors.Cursor.source == "orders")
    assert (waiting.sequence, waiting.stopped) == (0, None)
    assert "catalog" in waiting.error

    world.publishes("eco", version=2)
    with time_machine.travel(4_000_000_000):  # the next try is due
        world.reader.take([order], fresh=False)
    assert office.pool("eco") == (0, 1, 0)


def test_an_order_of_an_unknown_account_waits_for_it(office, world):
    from kit import clock, cursors

    office.id, known = clock.new_id(), office.id
    order = office.buys("eco", 1)
    office.id = known

    assert cursors.Cursor.get(cursors.Cursor.subject == order.subject).sequence == 0
    assert announced("license.issued") == []


def test_an_assigned_license_is_announced_with_what_it_allows(office):
    office.buys("advanced", 2)
    bob = office.hires("bob")
    answer = office.assigns(bob, "advanced")

    assert answer.status_code == 201
    told = announced("license.assigned")[0]
    assert told.actor == f"member:{office.administrator['id']}"
    assert told.data["assignment_id"] == answer.json["id"]
    assert told.data["features"]["attachments.max_mb"] == 100
    assert told.data["activated"] is False
    assert told.data["pool"] == {"capacity": 2, "assigned": 1, "free": 1, "parked": 0}
    assert office.gets(f"/members/{bob}")["license"]["plan"] == "advanced"


def test_the_same_plan_again_answers_the_license_that_is_held(office):
    office.buys("eco", 2)
    bob = office.hires("bob")

    assert office.assigns(bob, "eco").json == office.assigns(bob, "eco").json
    assert len(announced("license.assigned")) == 1
    assert office.pool("eco") == (1, 1, 0)


def test_another_plan_of_the_family_is_refused(office):
    office.buys("eco", 1)
    office.buys("pro", 1)
    bob = office.hires("bob")
    office.assigns(bob, "eco")

    refusal = office.assigns(bob, "pro")
    assert refused(refusal) == (409, "already-licensed")
    assert refusal.json["plan"] == "eco"


def test_a_full_pool_an_unknown_plan_and_an_unknown_member_are_told_apart(office):
    from kit import clock

    office.buys("eco", 1)
    office.assigns(office.administrator["id"], "eco")

    assert refused(office.assigns(office.hires("bob"), "eco")) == (409, "no-free-license")
    assert refused(office.assigns(office.hires("carol"), "gold")) == (422, "plan-unknown")
    assert refused(office.assigns(clock.new_id(), "eco")) == (404, "member-unknown")


def test_the_free_license_whose_term_ends_last_is_given_first_then_the_oldest(office):
    office.buys("eco", 1, "month", end="2026-12-22")
    office.buys("eco", 2, "year", end="2027-11-22")
    ids = {row["id"]: row for row in office.gets("/licenses")["items"]}
    yearly = sorted(id for id, row in ids.items() if row["interval"] == "year")

    given = [office.assigns(office.hires(name), "eco").json["license_id"] for name in ("bob", "carol", "dan")]
    assert given[:2] == yearly
    assert ids[given[2]]["interval"] == "month"


def test_a_license_of_a_retired_plan_can_still_be_assigned(office, world):
    office.buys("eco", 1)
    world.tells("catalog", "plan.retired", "eco", {"plan": "eco", "successor": "advanced"})

    assert office.assigns(office.hires("bob"), "eco").status_code == 201


def test_a_seat_keeps_the_features_of_the_version_it_was_bought_with(office, world):
    office.buys("eco", 1)
    world.publishes("eco", version=2, features={"attachments.max_mb": 7})
    bob = office.hires("bob")
    office.assigns(bob, "eco")

    assert office.gets(f"/members/{bob}/entitlements")["features"]["attachments.max_mb"] == 0


def test_a_version_that_a_restored_catalog_tells_anew_is_the_one_that_is_granted(office, world):
    world.publishes("eco", version=2)
    world.publishes("eco", version=2, features={"attachments.max_mb": 7})
    office.buys("eco", 1, lines=[{"line": 1, "plan": "eco", "version": 2, "seats": 1}])
    bob = office.hires("bob")
    office.assigns(bob, "eco")

    assert office.gets(f"/members/{bob}/entitlements")["features"]["attachments.max_mb"] == 7


def test_unassigning_frees_the_seat_once(office):
    office.buys("eco", 1)
    held = office.assigns(office.hires("bob"), "eco").json["id"]

    assert office.unassigns(held).status_code == 204
    assert refused(office.unassigns(held)) == (404, "not-found")
    assert office.pool("eco") == (0, 1, 0)
    assert announced("license.unassigned")[0].data["reason"] == "unassigned"


def test_licenses_are_listed_with_their_holders_filtered_and_paged(office):
    office.buys("eco", 3)
    bob = office.hires("bob")
    office.assigns(bob, "eco")

    held = office.gets(f"/licenses?member={bob}")["items"]
    assert [(row["member"]["name"], row["state"]) for row in held] == [("Bob", "assigned")]
    free = office.gets("/licenses?state=free")["items"]
    assert [(row["member"], row["assignment_id"], row["activated_at"]) for row in free] == [
        (None, None, None)
    ] * 2
    first = office.gets("/licenses?limit=2")
    rest = office.gets(f"/licenses?cursor={first['next']}")
    assert len({row["id"] for row in first["items"] + rest["items"]}) == 3


# Parking. ---------------------------------------------------------------------------------------


def test_parked_seats_cannot_be_assigned_until_that_is_undone(office):
    office.buys("eco", 3)
    parking = office.parks("eco", 2)
    assert (parking.status_code, parking.json["parked"]) == (201, 2)
    office.assigns(office.administrator["id"], "eco")
    bob = office.hires("bob")
    assert refused(office.assigns(bob, "eco")) == (409, "no-free-license")

    assert office.does("DELETE", f"/parkings/{parking.json['id']}").status_code == 204
    assert office.assigns(bob, "eco").status_code == 201
    assert office.pool("eco") == (2, 1, 0)


def test_the_count_after_each_parking_is_announced(office):
    office.buys("eco", 5, "year")
    office.buys("eco", 5, "month")
    first = office.parks("eco", 2).json["id"]
    office.parks("eco", 1)
    office.parks("eco", 4, "month")
    listed = office.gets("/parkings")["items"]
    assert [(row["seats"], row["parked"]) for row in listed] == [(4, 4), (1, 3), (2, 3)]
    office.does("DELETE", f"/parkings/{first}")

    told = announced("seats.parked", "seats.unparked")
    counts = [(event.type, event.data["interval"], event.data["seats"], event.data["parked"]) for event in told]
    assert counts == [
        ("seats.parked", "year", 2, 2),
        ("seats.parked", "year", 1, 3),
        ("seats.parked", "month", 4, 4),
        ("seats.unparked", "year", 2, 1),
    ]
    pool = office.gets("/pools")["items"][0]
    assert (pool["capacity"], pool["parked"]) == (5, 5)
    assert [(row["interval"], row["free"], row["parked"]) for row in pool["by_interval"]] == [
        ("month", 1, 4),
        ("year", 4, 1),
    ]


def test_seats_that_people_hold_are_not_removed_and_the_holders_are_named(office):
    office.buys("eco", 2)
    bob = office.hires("bob")
    office.assigns(bob, "eco")

    refusal = office.parks("eco", 2)
    assert refused(refusal) == (409, "seats-assigned")
    assert refusal.json["holders"] == [{"member_id": bob, "name": "Bob"}]
    assert refusal.json["free"] == 1
    assert office.pool("eco") == (1, 1, 0)
    assert refused(office.parks("pro", 1)) == (409, "seats-assigned")
    assert refused(office.parks("gold", 1)) == (422, "plan-unknown")


def test_a_parking_is_undone_once(office):
    office.buys("eco", 1)
    parking = office.parks("eco", 1).json["id"]
    office.does("DELETE", f"/parkings/{parking}")

    assert refused(office.does("DELETE", f"/parkings/{parking}")) == (404, "not-found")
    assert len(announced("seats.unparked")) == 1


@pytest.mark.parametrize("path", ["/licenses?cursor=x", "/licenses?state=lost", "/licenses?who=me"])
def test_a_list_names_what_is_wrong_with_its_query(office, path):
    answer = office.does("GET", path)

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == path.partition("?")[2].partition("=")[0]
