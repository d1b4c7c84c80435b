"""A client knows what its source says, whatever is lost, repeated, shuffled, away or restored."""

import random
import sqlite3

import pytest

from seatwise import fail_closed, fail_open
from seatwise.events import read
from teller import knows, until


def test_it_begins_with_a_snapshot_and_goes_on_with_events(teller, make_client):
    for number in range(8):
        teller.assign(f"account {number % 3}", f"member {number}")
    client = make_client()
    assert client.wait(20)
    assert all(client.allows(f"member {number}", "retrieval") for number in range(8))
    teller.unassign("account 0", "member 0")
    teller.assign("account 9", "member 9")

    assert knows(client, "member 9")
    until(lambda: not client.allows("member 0", "retrieval"))
    assert client.license_of("member 9").plan == "pro"


def test_an_account_over_several_pages_of_the_snapshot_is_whole(teller, make_client):
    for number in range(7):
        teller.assign("acme", f"member {number}")
    client = make_client()
    client.wait(20)

    assert len(client.held()) == 7


@pytest.mark.parametrize("meanwhile", ["taken back", "given to another"])
def test_a_first_snapshot_that_broke_off_leaves_nothing_behind(teller, make_client, meanwhile):
    teller.page = 1
    for account in ("m", "n"):
        teller.assign(account, f"member of {account}")
    told = teller.snapshot

    def breaks_off(cursor="", **query):
        if cursor:
            teller.snapshot = told
            if meanwhile == "taken back":
                teller.unassign("m", "member of m")
            else:
                teller.assign("a", "member of a", "eco")
            return {}
        return told(**query)

    teller.snapshot = breaks_off
    client = make_client()
    assert client.wait(20)

    assert client.held() == {member: [plan] for held in teller.held.values() for member, plan in held}


@pytest.mark.parametrize("page", [1, 2, 3])
def test_who_holds_several_plans_may_use_what_they_allow_together(teller, make_client, page):
    teller.page = page
    for member in ("ada", "bob"):
        teller.assign("acme", member, "eco")
        teller.assign("acme", member, "pro")
    client = make_client()
    client.wait(20)
    assert client.value("bob", "attachments.max_mb") == 2560
    teller.unassign("acme", "bob", "pro")

    until(lambda: client.license_of("bob").plan == "eco")
    assert client.license_of("ada").plan == "pro"
    client.stop()
    assert make_client().license_of("ada").plan == "pro"


def test_a_license_that_changes_is_the_one_that_counts(teller, client):
    teller.assign("acme", "ada", "eco")
    until(lambda: client.license_of("ada"))
    teller.held["acme"].clear()
    teller.assign("acme", "ada", "pro", "license.changed", former_plan="eco")
    assert knows(client, "ada")
    teller.assign("acme", "ada", "pro", "license.suspended", status="suspended")

    until(lambda: client.allows("ada", "retrieval").reason == "suspended")
    assert client.held() == {"ada": ["pro"]}


def test_what_happened_while_it_was_off_is_read_from_the_log(teller, make_client):
    teller.assign("acme", "ada")
    first = make_client()
    assert knows(first, "ada")
    first.stop()
    teller.unassign("acme", "ada")
    teller.assign("acme", "bob")
    teller.asked.clear()
    second = make_client()

    assert knows(second, "bob")
    assert not second.allows("ada", "retrieval")
    assert "/v1/snapshot" not in teller.asked


def test_a_client_that_never_heard_anything_says_so_and_begins_when_it_can(teller, make_client):
    teller.assign("acme", "ada")
    teller.away = True
    client = make_client()
    assert client.allows("ada", "retrieval").reason == "unknown"
    assert not client.wait(0.2)
    teller.away = False

    assert knows(client, "ada")


def test_a_source_that_is_away_is_said_once_and_that_it_is_back(teller, make_client, caplog):
    def warnings():
        return [record.message for record in caplog.records if record.levelname == "WARNING"]

    client = make_client()
    assert client.wait(20)
    assert not warnings()
    for before in (0, 2):
        teller.away = True
        until(lambda before=before: len(warnings()) == before + 1)
        asked = len(teller.asked)
        until(lambda asked=asked: len(teller.asked) > asked + 3)
        assert len(warnings()) == before + 1
        assert "goes on with what it knows" in warnings()[-1]
        teller.away = False
        until(lambda before=before: len(warnings()) == before + 2)
        assert "hears what goes on again" in warnings()[-1]


def test_it_is_not_said_to_be_back_while_a_story_cannot_be_read(teller, make_client, caplog):
    client = make_client()
    assert client.wait(20)
    teller.unreadable.add("acme")
    teller.assign("acme", "ada")
    until(lambda: "goes on with what it knows" in caplog.text)
    asked = len(teller.asked)
    until(lambda: len(teller.asked) > asked + 5)

    assert "hears what goes on again" not in caplog.text


def test_another_reason_why_it_hears_nothing_is_said_too(teller, make_client, caplog):
    client = make_client()
    assert client.wait(20)
    teller.away = True
    until(lambda: "503" in caplog.text)
    teller.refusal = 401

    until(lambda: "401" in [record for record in caplog.records if record.levelname == "WARNING"][-1].message)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (("name", "orders"), "orders is not entitlements"),
        *(
            (("garbage", text), "with 200 and no JSON object")
            for text in ("<html>", "[1]", "null", "[" * 10**5)
        ),
    ],
)
def test_an_address_where_something_else_answers_is_said_in_a_line(teller, client, caplog, spoilt, said):
    teller.assign("acme", "ada")
    assert knows(client, "ada")
    setattr(teller, *spoilt)
    teller.assign("acme", "eve")

    until(lambda: f"goes on with what it knows: {teller.url.removeprefix('http://')}" in caplog.text)
    assert said in caplog.text
    assert client.allows("ada", "retrieval")


def test_a_reason_that_nobody_thought_of_is_said_once_too(teller, client, caplog, monkeypatch):
    assert client.wait(20)
    heads = client.followers[0].source.heads
    monkeypatch.setattr(client.followers[0].source, "heads", lambda since: [*heads(since)] and {}["new"])
    until(lambda: "KeyError" in caplog.text)
    asked = len(teller.asked)
    until(lambda: len(teller.asked) > asked + 5)

    assert len([record for record in caplog.records if record.levelname != "INFO"]) == 1


def test_a_token_that_cannot_be_had_is_said_in_a_line(teller, make_client, caplog):
    def no_key() -> str:
        raise FileNotFoundError("product.json")

    make_client(token=no_key)

    until(lambda: "goes on with what it knows: there is no token: FileNotFoundError" in caplog.text)
    assert "Traceback" not in caplog.text


def test_events_lost_repeated_and_shuffled_leave_what_the_snapshot_says(teller, make_client):
    rolls = random.Random(4)
    client = make_client()
    client.wait(20)
    follower = client.followers[0]
    for _ in range(1000):
        account, member = f"account {rolls.randrange(5)}", str(rolls.randrange(40))
        holds = (member, "pro") in teller.held[account]
        told = (teller.unassign if holds else teller.assign)(account, f"{account} {member}")
        for _ in range(rolls.choice((0, 1, 1, 2))):
            follower.take(read(told))
    want = {member: [plan] for held in teller.held.values() for member, plan in held}

    until(lambda: client.held() == want)


def test_an_event_that_must_be_understood_stops_its_account_alone(teller, client):
    teller.assign("acme", "ada")
    assert knows(client, "ada")
    teller.tell("acme", "license.teleported", must=True)
    teller.assign("acme", "bob")
    teller.assign("other", "eve")

    assert knows(client, "eve")
    assert not client.allows("bob", "retrieval")


def says_what_must_be_understood(teller):
    teller.tell("acme", "license.teleported", must=True)


def cannot_be_read(teller):
    teller.unreadable.add("acme")
    teller.tell("acme", "member.added")


def says_what_is_no_event(teller):
    teller.tell("acme", "member.added")["time"] = "once upon a time"


def grows_old(client, member, beside):
    """Whether what is known of the member stays as it is, while that of the other is renewed twice."""
    before = client.allows(member, "retrieval").as_of
    for _ in range(2):
        since = client.allows(beside, "retrieval").as_of
        until(lambda since=since: client.allows(beside, "retrieval").as_of > since)
    return client.allows(member, "retrieval").as_of == before


@pytest.fixture
def two(teller, client):
    """A client that knows of two accounts; the first will wait."""
    teller.assign("acme", "ada")
    teller.assign("other", "eve")
    assert knows(client, "ada")
    assert knows(client, "eve")
    return client


@pytest.mark.parametrize("waits", [says_what_must_be_understood, cannot_be_read, says_what_is_no_event])
def test_answers_about_an_account_that_waits_grow_old_and_no_others(teller, two, waits):
    waits(teller)
    until(lambda: grows_old(two, "ada", "eve"))

    assert two.allows("ada", "flying").as_of == two.allows("ada", "retrieval").as_of
    assert two.allows("ada", "retrieval").age <= two.age


def test_an_account_that_can_be_read_again_is_as_fresh_as_all(teller, two):
    cannot_be_read(teller)
    until(lambda: grows_old(two, "ada", "eve"))
    waited = two.allows("ada", "retrieval").as_of
    teller.unreadable.clear()
    two.followers[0].waiting.clear()

    until(lambda: two.allows("ada", "retrieval").as_of > waited)
    until(lambda: two.allows("ada", "retrieval").as_of == two.allows("eve", "retrieval").as_of)


def test_past_its_age_an_account_that_waits_fails_open_or_closed_alone(teller, two, make_client, tmp_path):
    says_what_must_be_understood(teller)
    until(lambda: grows_old(two, "ada", "eve"))
    two.stop()
    with sqlite3.connect(tmp_path / "own.db") as file:
        assert file.execute("UPDATE late SET as_of = as_of - 7200").rowcount == 1
    again = make_client(stale={"retrieval": fail_closed(3600), "*": fail_open(3600)})

    for _ in range(2):  # as the file says, and as the services do
        assert again.allows("ada", "retrieval")[:2] == (False, "stale")
        assert again.allows("ada", "attachments.max_mb", 5000)[:2] == (True, "stale")
        assert again.allows("eve", "retrieval")[:2] == (True, "ok")
        assert again.allows("eve", "attachments.max_mb", 5000)[:2] == (False, "limit-exceeded")
        assert again.allows("bob", "retrieval")[:2] == (False, "no-license")
        assert again.age > 7200
        assert grows_old(again, "ada", "eve")


def test_a_source_that_was_restored_and_tells_otherwise_is_believed(teller, client):
    for member in ("ada", "bob"):
        teller.assign("acme", member)
    assert knows(client, "bob")
    del teller.stories["acme"][1:]
    teller.held["acme"].pop(("bob", "pro"))
    teller.assign("acme", "eve")

    assert knows(client, "eve")
    until(lambda: client.held() == {"ada": ["pro"], "eve": ["pro"]})


def test_an_account_that_the_source_never_had_counts_no_more_from_the_next_start_on(teller, make_client):
    for account, member in (("acme", "ada"), ("other", "bob")):
        teller.assign(account, member)
    first = make_client()
    assert knows(first, "ada")
    first.stop()
    teller.forget("acme")

    again = make_client()
    until(lambda: again.held() == {"bob": ["pro"]})
    assert again.allows("ada", "retrieval").reason == "no-license"


def test_an_account_that_the_source_never_had_is_found_while_it_runs_too(teller, client, monkeypatch):
    teller.assign("acme", "ada")
    assert knows(client, "ada")
    teller.forget("acme")
    [follower] = client.followers
    monkeypatch.setattr(follower, "_whole_look_at", 0.0)

    until(lambda: client.held() == {})
    assert follower._since is not None
    teller.assign("acme", "eve")
    assert knows(client, "eve")


def test_a_source_found_restored_while_it_cannot_be_asked_is_believed_when_it_can(teller, client):
    for member in ("ada", "bob"):
        teller.assign("acme", member)
    assert knows(client, "bob")
    teller.away = True
    del teller.stories["acme"][1:]
    teller.held["acme"].pop(("bob", "pro"))
    teller.assign("acme", "eve")
    [follower] = client.followers
    follower.take(read(teller.assign("acme", "zoe")))
    until(follower.arriving.empty)
    teller.asked.clear()
    until(lambda: teller.asked)
    assert client.allows("bob", "retrieval")
    teller.away = False

    assert knows(client, "zoe")
    until(lambda: client.held() == {"ada": ["pro"], "eve": ["pro"], "zoe": ["pro"]})
    assert follower.is_alive()
