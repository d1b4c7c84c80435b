"""The snapshot: who holds what, by account, each after which event; where a reader begins."""

import pytest

from entitlements import queries
from entitlements.queries import paging
from kit import clock
from kit.outbox import Stream


def pages(size, account=None):
    cursor, found = "", []
    while cursor is not None:
        page = queries.snapshot(account, cursor, size)
        found.append(page)
        cursor = page["next"]
    return found


def holders(found):
    """(account, member, plan) of all pages."""
    return [
        (item["account_id"], member, page["grants"][held["grant"]]["plan"])
        for page in found
        for item in page["items"]
        for held in item["holders"]
        for member in held["members"]
    ]


@pytest.fixture
def offices(open_office):
    """Two with five holders each, one in which nobody holds anything."""
    made = [open_office(f"{name}.example") for name in ("acme", "fils", "poor")]
    for office in made[:2]:
        office.buys("pro", 3)
        office.buys("eco", 2)
        for number in range(5):
            office.assigns(office.hires(f"person{number}"), "pro" if number < 3 else "eco")
    return made


def test_it_says_who_holds_what_after_which_event(client, bearer, offices):
    answer = client.get("/v1/snapshot", headers=bearer("entitlements:read")).json
    heads = {stream.subject: (stream.head, stream.last) for stream in Stream.select()}

    assert answer["next"] is None
    assert {item["account_id"]: (item["sequence"], item["id"]) for item in answer["items"]} == heads
    assert {grant["plan"]: grant["rank"] for grant in answer["grants"]} == {"eco": 1, "pro": 3}
    assert all(grant["status"] == "active" and grant["features"]["devices.max"] for grant in answer["grants"])
    held = [item["member"]["id"] for office in offices for item in office.gets("/licenses")["items"]]
    assert sorted(member for _, member, _ in holders([answer])) == sorted(held)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_however_long_its_pages_are_it_says_everything_once(offices, size):
    found = pages(size)

    assert sorted(holders(found)) == sorted(holders(pages(100)))
    assert len(holders(found)) == len(set(holders(found))) == 10
    assert {item["account_id"] for page in found for item in page["items"]} == {one.id for one in offices}
    assert all(len(holders([page])) <= size for page in found)


def test_one_account_can_be_read_alone(offices):
    acme, _, poor = offices

    assert {account for account, _, _ in holders(pages(2, acme.id))} == {acme.id}
    assert [item["holders"] for item in pages(2, poor.id)[0]["items"]] == [[]]


def test_whoever_lost_the_license_is_not_in_it(offices):
    office = offices[0]
    member = office.gets("/licenses")["items"][0]["member"]["id"]
    office.unassigns(office.gets(f"/members/{member}")["license"]["assignment_id"])

    assert member not in [one for _, one, _ in holders(pages(100))]


def test_a_cursor_of_another_account_leads_nowhere_else(offices):
    acme, fils, _ = offices
    [first, *_] = pages(2, fils.id)
    stolen = queries.snapshot(acme.id, first["next"], 100)

    assert {account for account, _, _ in holders([stolen])} <= {acme.id}


@pytest.mark.parametrize("cursor", ["x", "WyJhIl0=", "WyIxMjMiLCAieCIsICJ5Il0="])
def test_a_cursor_that_no_page_gave_is_refused(client, bearer, offices, cursor):
    answer = client.get(f"/v1/snapshot?cursor={cursor}", headers=bearer("entitlements:read"))

    assert (answer.status_code, answer.json["code"]) == (422, "cursor-invalid")


def test_a_cursor_without_the_last_license_goes_on_with_the_next_account(client, bearer, offices):
    cursor = paging.cursor_of(offices[0].id, clock.new_id(), "")
    answer = client.get(f"/v1/snapshot?cursor={cursor}", headers=bearer("entitlements:read"))

    assert answer.status_code == 200
    assert offices[0].id not in [item["account_id"] for item in answer.json["items"]]


def test_others_read_nothing_of_it(client, bearer, offices):
    own = offices[0].headers

    assert client.get("/v1/snapshot", headers=own).status_code == 403
    assert client.get("/v1/snapshot").status_code == 401
