"""Sessions of the portal are rows: each can be ended, and all end when the person or their address goes."""

import pytest
import time_machine

from entitlements import commands, domain
from entitlements.commands import Browser
from entitlements.models import Member, Session
from kit import clock
from service_fixtures import announced

from .together import at_once

START = 1_795_000_000  # seconds
FIREFOX = {"browser": "browser-1", "device": "Firefox, Linux"}
PHONE = {"browser": "browser-2", "device": "Safari, iOS"}


@pytest.fixture
def travel():
    with time_machine.travel(START, tick=False) as machine:
        yield machine


@pytest.fixture
def portal(client, bearer):
    """Calls of the portal, for a person at a network address."""

    def calling(method, path, body=None, at="203.0.113.9"):
        headers = {**bearer("sign-in", issuer="portal"), "X-Forwarded-For": at}
        return client.open(f"/v1{path}", method=method, json=body, headers=headers)

    return calling


@pytest.fixture
def sign_in(portal):
    """Use the newest link of a member; returns the answer's body."""

    def signing_in(member_id, browser=FIREFOX, **more):
        counter = Member.get_by_id(member_id).sign_in_counter
        answer = portal("POST", f"/sign-ins/{member_id}/uses", {"counter": counter, **browser}, **more)
        assert answer.status_code == 201, answer.text
        return answer.json

    return signing_in


@pytest.fixture
def read(portal):
    """Whether a session is live: its reading, or the code of the refusal."""

    def reading(session_id, **more):
        answer = portal("POST", f"/sessions/{session_id}/readings", **more)
        return answer.json if answer.status_code == 200 else answer.json["code"]

    return reading


@pytest.fixture
def ada(office):
    return office.administrator


@pytest.fixture
def own(office, bearer):
    """Headers of a member's own token."""
    return lambda member: bearer("account:read", account=office.id, who=member)


def ended():
    return [(event.data["session_id"], event.data["reason"]) for event in announced("session.ended")]


def test_a_link_starts_a_session_that_is_announced_with_its_device_and_address(office, ada, sign_in):
    began = sign_in(ada["id"])
    [event] = announced("session.started")

    assert began["member"]["id"] == ada["id"]
    assert event.data == {
        "session_id": began["session_id"],
        "member": {name: ada[name] for name in ("id", "email", "name")},
        "device": "Firefox, Linux",
        "address": "203.0.113.9",
        "new_device": False,
        "method": "link",
    }
    assert (event.subject, event.actor) == (office.id, f"member:{ada['id']}")


def test_a_portal_that_names_no_browser_starts_a_session_as_well(ada, sign_in, read):
    assert read(sign_in(ada["id"], {})["session_id"])["member"]["id"] == ada["id"]


def test_a_browser_is_new_when_its_person_came_before_and_never_with_it(ada, sign_in):
    for browser in (FIREFOX, FIREFOX, PHONE, FIREFOX, {}):
        sign_in(ada["id"], browser)

    news = [event.data["new_device"] for event in announced("session.started")]
    assert news == [False, False, True, False, True]


def test_the_id_of_a_browser_is_nowhere_as_it_is(ada, sign_in):
    sign_in(ada["id"])

    assert FIREFOX["browser"] not in [row.browser for row in Session.select()]
    assert "browser-1" not in str([event.data for event in announced()])


def test_a_reading_says_in_one_answer_who_is_signed_in_and_what_they_may_do(office, ada, sign_in, read):
    said = read(sign_in(ada["id"])["session_id"])

    assert said["account"] == office.gets("")
    assert {name: said["member"][name] for name in ("id", "email", "state", "roles")} == {
        "id": ada["id"],
        "email": ada["email"],
        "state": "active",
        "roles": ["administrator"],
    }
    assert said["member"]["permissions"] == sorted(domain.ROLES["administrator"])


def test_a_session_lasts_twelve_hours_however_busy(travel, ada, sign_in, read):
    session = sign_in(ada["id"])["session_id"]
    for _ in range(12):
        assert read(session) != "session-ended"
        travel.shift(3600)

    assert read(session) == "session-ended"


def test_the_last_use_is_noted_every_five_minutes_at_most(travel, office, ada, sign_in, read):
    session = sign_in(ada["id"])["session_id"]

    def last_use():
        [row] = office.gets(f"/members/{ada['id']}/sessions")["items"]
        return row["last_used_at"], row["address"]

    travel.shift(300)
    read(session, at="198.51.100.7")
    assert last_use() == (clock.to_text(START * clock.SECOND), "203.0.113.9")
    travel.shift(1)
    read(session, at="198.51.100.7")
    assert last_use() == (clock.to_text((START + 301) * clock.SECOND), "198.51.100.7")


def test_to_sign_out_ends_this_session_and_no_other(ada, sign_in, read, portal):
    here, there = sign_in(ada["id"])["session_id"], sign_in(ada["id"], PHONE)["session_id"]
    answers = [portal("DELETE", f"/sessions/{here}").status_code for _ in range(2)]

    assert answers == [204, 204]
    assert read(here) == "session-ended"
    assert read(there) != "session-ended"
    assert ended() == [(here, "signed-out")]
    assert announced("session.ended")[0].actor == f"member:{ada['id']}"


def test_people_see_and_end_their_own_sessions(office, own, bob, sign_in, read):
    here, there = sign_in(bob)["session_id"], sign_in(bob, PHONE)["session_id"]
    as_bob = own(bob)
    listed = office.does("GET", f"/members/{bob}/sessions", headers=as_bob).json["items"]
    answer = office.does("DELETE", f"/members/{bob}/sessions/{there}", headers=as_bob)

    assert {(row["id"], row["device"]) for row in listed} == {(here, "Firefox, Linux"), (there, "Safari, iOS")}
    assert answer.status_code == 204
    assert (read(there), ended()) == ("session-ended", [(there, "ended")])
    assert [row["id"] for row in office.gets(f"/members/{bob}/sessions")["items"]] == [here]


def test_to_sign_out_everywhere_ends_all_sessions_and_the_links_that_were_mailed(
    office, own, bob, sign_in, portal
):
    sessions = [sign_in(bob, browser)["session_id"] for browser in (FIREFOX, PHONE)]
    mailed = Member.get_by_id(bob).sign_in_counter
    office.does("DELETE", f"/members/{bob}/sessions", headers=own(bob))
    late = portal("POST", f"/sign-ins/{bob}/uses", {"counter": mailed, **FIREFOX})

    rows = Session.select().where(Session.id.in_(sessions))
    assert [row.ended_at is not None for row in rows] == [True, True]
    assert (late.status_code, late.json["code"]) == (409, "link-used")
    assert ended() == [(None, "everywhere")]


def test_whoever_manages_people_ends_their_sessions_and_those_of_roles_only_who_gives_roles(
    office, bearer, bob, sign_in, read
):
    ada = office.administrator
    manager = office.hires("dorothy", roles=["people-manager"])
    as_manager = bearer("people", "licenses", "account:read", account=office.id, who=manager)
    of_ada, of_bob = sign_in(ada["id"])["session_id"], sign_in(bob)["session_id"]
    refused = [
        office.does("DELETE", f"/members/{ada['id']}/sessions{path}", headers=as_manager)
        for path in ("", f"/{of_ada}")
    ]

    assert [answer.status_code for answer in refused] == [403, 403]
    assert read(of_ada) != "session-ended"
    assert office.does("DELETE", f"/members/{bob}/sessions/{of_bob}", headers=as_manager).status_code == 204
    only_reading = bearer("account:read", account=office.id, who=ada["id"])
    assert office.does("DELETE", f"/members/{bob}/sessions", headers=only_reading).status_code == 403


def test_a_session_is_ended_at_its_own_member_and_account_alone(office, open_office, bob, sign_in, read):
    session = sign_in(bob)["session_id"]
    other, another_person = open_office("globex.example"), office.hires("carol")

    assert office.does("DELETE", f"/members/{another_person}/sessions/{session}").status_code == 404
    assert other.does("DELETE", f"/members/{bob}/sessions/{session}").status_code == 404
    assert other.does("DELETE", f"/members/{bob}/sessions").status_code == 404
    assert other.does("GET", f"/members/{bob}/sessions").status_code == 404
    assert read(session) != "session-ended"


def test_removal_ends_all_sessions(office, bob, sign_in, read):
    session = sign_in(bob)["session_id"]
    office.does("DELETE", f"/members/{bob}")

    assert (read(session), ended()) == ("session-ended", [(None, "removed")])


def test_a_new_address_ends_all_sessions(office, client, bearer, bob, sign_in):
    session = sign_in(bob)["session_id"]
    office.does("PATCH", f"/members/{bob}", {"email": "robert@acme.example"})
    notifier = bearer("activation:link", issuer="notifier")
    link = client.get(f"{office.url}/members/{bob}/address-change/link", headers=notifier).json["token"]
    confirmation = {"json": {"token": link}, "headers": bearer("sign-in", issuer="portal")}
    assert Session.get_by_id(session).ended_at is None
    client.post("/v1/address-changes/confirmations", **confirmation)

    assert Session.get_by_id(session).ended_at is not None
    assert ended() == [(None, "address-changed")]


def test_a_restore_of_the_database_ends_the_sessions_of_the_account(office, bob, sign_in, read):
    session = sign_in(bob)["session_id"]
    commands.retell_account(office.id)

    assert (read(session), ended()) == ("session-ended", [(None, "restored")])


def test_the_same_browser_replaces_its_session(ada, sign_in, read):
    first, second = sign_in(ada["id"])["session_id"], sign_in(ada["id"])["session_id"]

    assert (read(first), ended()) == ("session-ended", [(first, "replaced")])
    assert read(second) != "session-ended"
    assert Session.select().count() == 1


def test_a_person_has_a_bounded_number_of_sessions(travel, monkeypatch, ada, sign_in, read):
    monkeypatch.setattr(domain, "MOST_SESSIONS", 3)
    monkeypatch.setattr(domain, "MOST_BROWSERS", 5)
    sessions = []
    for number in range(8):
        travel.shift(1)
        sessions.append(sign_in(ada["id"], {"browser": f"browser-{number}"})["session_id"])

    assert [read(session) == "session-ended" for session in sessions] == [True] * 5 + [False] * 3
    assert Session.select().count() == 5


def test_rows_of_sessions_are_forgotten_after_ninety_days(travel, ada, sign_in):
    sign_in(ada["id"])
    travel.shift(90 * 24 * 3600 + 12 * 3600)
    commands.forget_sessions()
    assert Session.select().count() == 1
    travel.shift(1)
    commands.forget_sessions()

    assert Session.select().count() == 0
    sign_in(ada["id"])
    assert announced("session.started")[-1].data["new_device"] is True


def test_a_demo_session_starts_without_a_link_for_active_people_alone(office, bob, portal, read):
    path = f"/accounts/{office.id}/members/{bob}/sessions"
    began = portal("POST", path, FIREFOX)
    office.does("DELETE", f"/members/{bob}")

    assert began.status_code == 201
    assert announced("session.started")[0].data["method"] == "demo"
    assert portal("POST", path, FIREFOX).json["code"] == "member-removed"


def test_only_the_portal_starts_and_reads_sessions(client, bearer, office, bob, sign_in):
    session = sign_in(bob)["session_id"]
    calls = [
        ("POST", f"/v1/accounts/{office.id}/members/{bob}/sessions"),
        ("POST", f"/v1/sessions/{session}/readings"),
        ("DELETE", f"/v1/sessions/{session}"),
    ]
    answers = [client.open(path, method=method, json={}, headers=office.headers) for method, path in calls]

    assert [answer.status_code for answer in answers] == [403] * 3


def test_no_session_of_a_removed_person_is_left_however_the_two_meet(office):
    for round_ in range(6):
        person = office.hires(f"p{round_}")
        at_once(
            lambda person=person: commands.use_sign_in_link(person, 0, Browser("b", None)),
            lambda person=person: commands.start_demo_session(office.id, person, Browser("d", None)),
            lambda person=person: commands.remove_member(office.id, person, frozenset({"roles", "people"})),
            lambda person=person: commands.end_sessions(office.id, person, None),
        )
        live = (Session.member == person) & Session.live()
        assert not Session.select().where(live).exists()


def test_a_wrong_browser_or_device_is_refused_with_its_field(ada, portal):
    path = f"/sign-ins/{ada['id']}/uses"
    for field, value in (("browser", ""), ("browser", "x" * 101), ("device", "a\nb"), ("device", 7)):
        answer = portal("POST", path, {"counter": 0, field: value})
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)
    assert Member.get_by_id(ada["id"]).sign_in_counter == 0
