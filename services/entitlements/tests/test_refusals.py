"""What was refused to whom stands in the account's stream, and nobody fills it with refusals."""

import time

import pytest

from kit import limits
from service_fixtures import announced


@pytest.fixture
def portal(client, bearer):
    """The portal's calls of signing in."""
    headers = bearer("sign-in", issuer="portal")
    return lambda path, body: client.post(path, json=body, headers=headers)


@pytest.fixture
def ada(office):
    return office.administrator


def refusals():
    return announced("session.refused", "permission.refused")


def test_a_link_that_was_used_is_announced_with_the_name_and_address_of_the_time(office, ada, portal):
    uses = [portal(f"/v1/sign-ins/{ada['id']}/uses", {"counter": 0}) for _ in range(2)]
    [event] = refusals()

    assert [answer.status_code for answer in uses] == [201, 409]
    person = {name: ada[name] for name in ("id", "email", "name")}
    assert event.data == {"member": person, "reason": "used"}
    assert (event.subject, event.actor) == (office.id, f"member:{ada['id']}")


def test_too_many_links_are_announced_and_to_an_unknown_address_not(ada, portal):
    for email in (ada["email"], "nobody@acme.example"):
        for _ in range(7):
            portal("/v1/sign-ins", {"email": email})

    assert [event.data["reason"] for event in refusals()] == ["too-many-links"]


def test_the_portal_reports_what_it_refused(ada, portal):
    portal("/v1/refusals", {"member_id": ada["id"], "kind": "sign-in", "reason": "expired"})
    asked = {"route": "GET /activity.csv", "needed": ["activity:read"]}
    portal("/v1/refusals", {"member_id": ada["id"], "kind": "permission", **asked})
    expired, permission = refusals()

    assert expired.data["reason"] == "expired"
    assert {name: permission.data[name] for name in asked} == asked


def test_a_member_who_left_is_named_as_such(office, portal):
    bob = office.hires("bob")
    office.does("DELETE", f"/members/{bob}")
    portal(f"/v1/sign-ins/{bob}/uses", {"counter": 0})

    assert [event.data["reason"] for event in refusals()] == ["unknown-member"]


def test_refusals_are_one_event_a_minute_for_each_member_and_kind(office, ada, portal, time_machine):
    time_machine.move_to(time.time(), tick=False)
    bob = office.hires("bob")
    for number in range(30):
        for member in (ada["id"], bob):
            portal("/v1/refusals", {"member_id": member, "kind": "permission", "route": f"GET /{number}"})
    assert len(refusals()) == 2

    time_machine.shift(60)
    portal("/v1/refusals", {"member_id": bob, "kind": "permission"})
    assert len(refusals()) == 3


def test_an_unknown_member_is_no_event_and_no_row(portal):
    unknown = "019ab000-0000-7000-8000-00000000dead"
    assert portal("/v1/refusals", {"member_id": unknown, "kind": "sign-in"}).status_code == 204
    assert refusals() == []
    assert limits.LimitCount.select().count() == 0


def test_only_the_portal_reports_refusals(client, office):
    body = {"member_id": office.administrator["id"], "kind": "permission"}
    answer = client.post("/v1/refusals", json=body, headers=office.headers)

    assert answer.status_code == 403
