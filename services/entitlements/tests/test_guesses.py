"""Guessing codes: few wrong ones a minute from one address; right ones never wait for long."""

import json

import pytest
import time_machine

from entitlements import commands, domain
from entitlements.models import Guess
from kit import clock
from service_fixtures import announced

START = 1_795_000_000  # seconds
GUESSER, OTHER = "192.0.2.66", "192.0.2.1"


def refused(answer):
    return answer.status_code, answer.json["code"]


def wrong(number):
    return f"{number:016d}"


@pytest.fixture
def travel():
    with time_machine.travel(START, tick=False) as machine:
        yield machine


@pytest.fixture
def code(travel, bob, code_of):
    return code_of(bob).json["code"]


@pytest.fixture
def guess(activate):
    """Try so many different wrong codes."""

    def guessing(count, first=0, at=GUESSER):
        return [activate(wrong(number), at=at) for number in range(first, first + count)]

    return guessing


@pytest.fixture
def look(client, bearer):
    """The portal looks at a code for somebody at that address."""

    def looking(code, at=GUESSER):
        return client.get(f"/v1/activation-codes/{code}", headers=portal_for(bearer, at))

    return looking


def portal_for(bearer, at):
    return {**bearer("activate", issuer="portal"), "X-Forwarded-For": at}


@pytest.fixture
def activate_in_portal(client, bearer):
    """The portal activates a browser for somebody at that address."""

    def activating(code, at=GUESSER):
        body = {"code": code, "device": {"id": "browser", "name": "Browser"}}
        return client.post("/v1/activations", json=body, headers=portal_for(bearer, at))

    return activating


def test_whoever_guesses_is_told_to_wait_and_how_long(code, guess, activate):
    assert [refused(answer) for answer in guess(10)] == [(404, "code-unknown")] * 10
    answer = activate(wrong(10), at=GUESSER)

    assert refused(answer) == (429, "too-many-guesses")
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Retry-After"] == str(answer.json["retry_after"]) == "60"


def test_a_right_code_from_the_same_address_waits_no_longer_than_it_is_told(travel, code, guess, activate):
    guess(5)
    travel.shift(30)
    guess(5, first=5)
    told = activate(code, at=GUESSER)
    assert (told.status_code, told.headers["Retry-After"]) == (429, "30")

    travel.shift(29.5)
    assert activate(code, at=GUESSER).headers["Retry-After"] == "1"
    travel.shift(0.5)
    assert activate(code, at=GUESSER).status_code == 201


def test_waiting_is_not_made_longer_by_trying_meanwhile(travel, code, guess, activate):
    guess(10)
    travel.shift(59)
    assert {answer.status_code for answer in guess(20, first=100)} == {429}
    travel.shift(1)
    assert activate(code, at=GUESSER).status_code == 201


def test_other_addresses_do_not_wait(code, guess, activate):
    guess(11)
    assert activate(code, at=OTHER).status_code == 201
    assert refused(activate(wrong(0), at=OTHER)) == (404, "code-unknown")


def test_the_same_wrong_code_over_and_over_is_one(travel, code, activate):
    for _ in range(50):
        assert activate(wrong(1), at=GUESSER).status_code == 404
    assert Guess.select().count() == 1
    travel.shift(61)
    activate(wrong(1), at=GUESSER)

    assert Guess.get().tried_at == clock.now()
    assert activate(code, at=GUESSER).status_code == 201


def test_what_cannot_be_a_code_is_no_guess(code, activate):
    for number in range(30):
        assert refused(activate(f"x{number}", at=GUESSER)) == (404, "code-unknown")
    assert activate(code, at=GUESSER).status_code == 201


def test_right_codes_are_no_guesses_whatever_else_refuses_them(code, activate):
    for number in range(30):
        activate(code, f"device {number}", at=GUESSER)

    assert Guess.select().count() == 0
    assert refused(activate(code, "one more", at=GUESSER)) == (409, "too-many-devices")


def test_looking_at_codes_through_the_portal_counts_for_the_person_who_looks(code, look, guess, activate):
    guess(5)
    assert [look(wrong(number)).status_code for number in range(5, 10)] == [404] * 5

    assert (look(code).status_code, look(code).headers["Retry-After"]) == (429, "60")
    assert activate(code, at=GUESSER).status_code == 429
    assert look(code, at=OTHER).status_code == 200


def test_trying_codes_through_the_portal_keeps_nobody_else_out_of_it(code, activate_in_portal, look):
    for number in range(10):
        activate_in_portal(wrong(number))
    assert activate_in_portal(code).status_code == look(code).status_code == 429

    assert activate_in_portal(code, at=OTHER).status_code == 201
    assert announced("license.activated")[0].address == OTHER


def test_the_members_of_an_ipv6_network_count_as_one_and_ipv4_is_the_same_however_it_is_written(
    code, guess, activate
):
    for number in range(10):
        guess(1, first=number, at=f"2001:db8:1:2::{number:x}")
    assert activate(code, at="2001:db8:1:2:ffff::9").status_code == 429
    assert activate(code, at="2001:db8:1:3::1").status_code == 201

    guess(10, at="::ffff:192.0.2.7")
    assert activate(code, at="192.0.2.7").status_code == 429
    assert activate(code, at="::ffff:192.0.2.8").status_code == 201


def test_a_guess_is_kept_beyond_recognition_and_not_for_long(travel, guess, code):
    guess(3)
    rows = json.dumps(list(Guess.select().dicts()))
    assert not any(secret in rows for secret in (wrong(0), GUESSER))

    commands.forget_guesses()
    assert Guess.select().count() == 3
    travel.shift(60)
    commands.forget_guesses()
    assert Guess.select().count() == 0


def test_guessing_announces_nothing_and_takes_no_lock_of_an_account(code, guess, statements):
    before = len(announced())
    sent = statements(lambda: guess(11))

    assert len(announced()) == before
    assert not [sql for sql in sent if "FOR NO KEY UPDATE" in sql or "accounts" in sql]


def test_whoever_waits_costs_one_look(guess, activate, statements, code):
    guess(10)
    asked = statements(lambda: activate(code, at=GUESSER))

    assert [sql.split()[0] for sql in asked] == ["SELECT"]


def test_the_limit_costs_a_good_code_one_statement(code, activate, look, statements, monkeypatch):
    activate(code)
    with_limit = [statements(lambda: activate(code)), statements(lambda: look(code))]
    assert all(len([sql for sql in sent if "guesses" in sql]) == 1 for sent in with_limit)
    assert len(with_limit[1]) == 2


def test_the_window_is_one_minute_and_a_code_has_80_bits():
    """The two numbers from which docs/decisions/0008 reckons."""
    assert (domain.GUESSES, domain.GUESSES_WINDOW) == (10, 60 * clock.SECOND)
    assert len(domain.new_code()) * 5 == 80
