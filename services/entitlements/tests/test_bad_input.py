"""What only entitlements refuses; tests/architecture sends every kind of nonsense to every route."""

import base64
import signal
from urllib.parse import quote

import pytest

from kit import clock
from service_fixtures import announced

NEW_MEMBER = {"email": "bob@acme.example", "name": "Bob"}
PARKING = {"plan": "eco", "interval": "year", "seats": 1}
ANYBODY = "01a20539-58c8-7cf9-80e4-262233a0d3b8"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/members", {**NEW_MEMBER, "email": "bob"}, "email"),
        ("/members", {**NEW_MEMBER, "email": "bob@acme"}, "email"),
        ("/members", {**NEW_MEMBER, "email": ["bob@acme.example"]}, "email"),
        ("/members", {**NEW_MEMBER, "email": f"{'b' * 300}@acme.example"}, "email"),
        ("/members", {**NEW_MEMBER, "email": "b\x00b@acme.example"}, "email"),
        ("/members", {**NEW_MEMBER, "email": "=?utf-8?q?b=0d=0a?=@acme.example"}, "email"),
        ("/members", {**NEW_MEMBER, "name": "B\x00b"}, "name"),
        ("/members", {**NEW_MEMBER, "name": "Bob\r\nBcc: eve"}, "name"),
        ("/members", {**NEW_MEMBER, "name": "Bob\u2028Bcc: eve"}, "name"),
        ("/members", {**NEW_MEMBER, "name": "Bob\x85Bcc: eve"}, "name"),
        ("/members", {**NEW_MEMBER, "name": ""}, "name"),
        ("/members", {**NEW_MEMBER, "name": "   "}, "name"),
        ("/members", {**NEW_MEMBER, "name": "\ud800"}, "name"),
        ("/members", {**NEW_MEMBER, "locale": "de"}, "locale"),
        ("/members", {**NEW_MEMBER, "roles": ["king"]}, "roles.0"),
        ("/members", {**NEW_MEMBER, "roles": []}, "roles"),
        ("/members", {**NEW_MEMBER, "roles": "administrator"}, "roles"),
        ("/members", {**NEW_MEMBER, "state": "active"}, "state"),
        ("/members", {"name": "Bob"}, "email"),
        ("/members", [], "body"),
        ("/domains", {"domain": "no domain"}, "domain"),
        ("/domains", {"domain": "." * 60}, "domain"),
        ("/domains", {"domain": "x" * 250 + ".example"}, "domain"),
        ("/assignments", {"member_id": "me", "plan": "eco"}, "member_id"),
        ("/assignments", {"member_id": ANYBODY, "plan": {}}, "plan"),
        ("/assignments", {"member_id": ANYBODY, "plan": "Eco\x00"}, "plan"),
        ("/parkings", {**PARKING, "seats": 0}, "seats"),
        ("/parkings", {**PARKING, "seats": "1"}, "seats"),
        ("/parkings", {**PARKING, "seats": 1.5}, "seats"),
        ("/parkings", {**PARKING, "seats": True}, "seats"),
        ("/parkings", {**PARKING, "seats": 10**400}, "seats"),
        ("/parkings", {**PARKING, "interval": "day"}, "interval"),
    ],
)
def test_a_bad_field_is_named(office, path, body, field):
    said = len(announced())
    answer = office.does("POST", path, body)

    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert field in [error["field"] for error in answer.json["errors"]]
    assert len(announced()) == said


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"currency": "dollars"}, "currency"),
        ({"address": "1 King St"}, "address"),
        ({"address": {"country": "Canada"}}, "address.country"),
        ({"address": {"street": 5}}, "address.street.value"),
        ({"first_administrator": {"name": "A"}}, "first_administrator.email"),
    ],
)
def test_a_bad_account_is_not_opened(office, bearer, change, field):
    body = {**office.opening(), **change}
    answer = office.client.post("/v1/accounts", json=body, headers=bearer("accounts:write"))

    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json["errors"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"code": 5, "device": {"id": "d", "name": "d"}}, "code"),
        ({"code": "A" * 100, "device": {"id": "d", "name": "d"}}, "code"),
        ({"code": "A", "device": {"id": "\x00", "name": "d"}}, "device.id"),
        ({"code": "A", "device": "laptop"}, "device"),
    ],
)
def test_a_bad_activation_is_refused(client, world, body, field):
    answer = client.post("/v1/activations", json=body)

    assert answer.status_code == 422
    assert any(error["field"].startswith(field) for error in answer.json["errors"])


def test_a_batch_of_checks_is_bounded_and_names_the_bad_one(client, bearer, world):
    def ask(checks):
        return client.post("/v1/checks/batch", json={"checks": checks}, headers=bearer("entitlements:read"))

    good = {"account_id": ANYBODY, "member_id": ANYBODY, "feature": "retrieval"}
    assert ask([good, {**good, "amount": -1}]).json["errors"][0]["field"] == "checks.1.amount"
    assert ask([good] * 501).status_code == 422
    assert ask([]).status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "/members/nobody",
        f"/members/{ANYBODY}",
        "/domains/x%00y/approval",
        "/members?q=%00",
        "/members?limit=9999",
    ],
)
def test_a_bad_address_is_a_4xx_problem(office, bearer, path):
    method = "POST" if path.endswith("approval") else "GET"
    headers = bearer("accounts:write") if method == "POST" else office.headers
    answer = office.does(method, path, headers=headers)

    assert 400 <= answer.status_code < 500
    assert answer.content_type == "application/problem+json"


def test_cursors_that_were_made_up_are_refused(office):
    from entitlements.queries.paging import cursor_of

    deep = base64.b64encode(b"[" * 2900).decode()
    made_up = [cursor_of("a"), cursor_of("a", "b"), cursor_of("\x00", ANYBODY), "é", "=", "x" * 500, deep]
    for odd in (f"0_{ANYBODY[1:]}", f" {ANYBODY[1:]}", f"urn:uuid:{ANYBODY}", ANYBODY.upper()):
        made_up += [cursor_of(odd), cursor_of("a", odd)]
    for path in ("/members", "/licenses"):
        answers = [office.does("GET", f"{path}?cursor={quote(cursor)}") for cursor in made_up]
        assert {answer.status_code for answer in answers} == {422}


def test_a_long_text_is_refused_without_trying_every_way_to_read_it(client):
    text = f"{'a' * 200_000}\x01"
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(60)  # seconds; with two ways to read a text these take minutes
    try:
        answer = client.post("/v1/activations", json={"code": "x", "device": {"id": text, "name": "x"}})
    finally:
        signal.alarm(0)

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "device.id"


def _too_long(*_):
    raise AssertionError("it takes time with the square of the length")


def test_a_stranger_with_a_good_token_changes_nothing_elsewhere(office, open_office, bearer):
    """Ids of another account inside one's own paths are unknown there."""
    other = open_office("other.example")
    other.buys("eco", 2)
    held = other.assigns(other.administrator["id"], "eco").json["id"]
    parking = other.parks("eco", 1).json["id"]

    assert office.unassigns(held).status_code == 404
    assert office.does("DELETE", f"/parkings/{parking}").status_code == 404
    assert office.assigns(other.administrator["id"], "eco").json["code"] == "member-unknown"
    assert office.does("GET", f"/members/{other.administrator['id']}/entitlements").status_code == 404
    assert office.gets(f"/licenses?member={other.administrator['id']}")["items"] == []
    assert office.assigns(clock.new_id(), "eco").status_code == 404
