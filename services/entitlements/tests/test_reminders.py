"""Who gets the mail about their license again: people by id, or all who have not activated."""

import pytest

from entitlements import domain
from entitlements.models import Assignment
from kit import clock
from service_fixtures import announced


@pytest.fixture
def remind(office):
    def run(*members, headers=None):
        body = {"members": list(members)} if members else {}
        answer = office.does("POST", "/reminders", body, headers and {**office.headers, **headers})
        assert answer.status_code == 200, answer.text
        return [(item["member_id"], item["verdict"]) for item in answer.json["items"]]

    return run


@pytest.fixture
def holders(office):
    office.buys("pro", 3)
    members = [office.hires(name) for name in ("grace", "mei")]
    for member in members:
        office.does("POST", "/assignments", {"member_id": member, "plan": "pro"})
    return members


def test_a_reminder_names_the_license_and_who_asked_for_it(office, remind, holders):
    assert remind(holders[0]) == [(holders[0], "reminded")]

    [event] = announced("license.reminded")
    held = Assignment.get(member=holders[0])
    assert event.data["assignment_id"] == held.id
    assert event.actor == f"member:{office.administrator['id']}"
    assert held.code not in str(event.data)


def test_a_person_without_a_license_and_one_of_another_account_get_none(office, open_office, remind, holders):
    other = open_office("other.example")
    without = office.hires("ada2")

    assert remind(without, other.administrator["id"]) == [
        (without, "no-license"),
        (other.administrator["id"], "no-license"),
    ]
    assert announced("license.reminded") == []


def test_a_person_is_not_written_to_twice_in_ten_minutes(office, remind, holders):
    assert remind(holders[0], holders[0]) == [(holders[0], "reminded")]
    assert remind(holders[0]) == [(holders[0], "reminded-recently")]

    Assignment.update(reminded_at=clock.now() - domain.REMIND_AFTER).execute()
    assert remind(holders[0]) == [(holders[0], "reminded")]


def test_without_a_list_those_who_have_not_activated_and_wait_longest_are_reminded(
    office, remind, holders, monkeypatch
):
    monkeypatch.setattr(domain, "MOST_REMINDERS", 1)
    first = remind()
    second = remind()
    assert {first[0][0], second[0][0]} == set(holders)

    Assignment.update(activated_at=clock.now()).execute()
    assert remind() == []


def test_the_same_request_again_reminds_nobody_again(remind, holders):
    key = {"Idempotency-Key": clock.new_id()}

    assert remind(holders[0], headers=key) == remind(holders[0], headers=key)
    assert len(announced("license.reminded")) == 1


def test_a_list_is_bounded_and_the_permission_is_the_one_for_licenses(office, bearer):
    too_many = {"members": [clock.new_id() for _ in range(domain.MOST_REMINDERS + 1)]}
    assert office.does("POST", "/reminders", too_many).status_code == 422
    people = bearer("people", account=office.id)
    assert office.does("POST", "/reminders", {}, people).status_code == 403
