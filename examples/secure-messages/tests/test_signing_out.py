"""A session here ends with the one of the portal that the person came from."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine

from kit import clock
from secure_messages import commands, licensing
from secure_messages.models import EndedSession

START = 1_795_000_000  # seconds
HOUR = 3600


@pytest.fixture
def travel():
    with time_machine.travel(START, tick=False) as machine:
        yield machine


@pytest.fixture
def tell(licenses):
    """entitlements tells that sessions ended; the client's thread hears it."""
    licensing.listen(licenses)

    def telling(session_id, member):
        data = {"session_id": session_id, "member": {"id": member}, "reason": "signed-out"}
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(licenses.tell, "session.ended", **data).result()

    return telling


@pytest.fixture
def enter(make_sender):
    """Come from a session of the portal that began so many seconds ago."""

    def entering(session_id, ago=60, **said):
        since = clock.now() - ago * clock.SECOND
        until = since // clock.SECOND + 12 * HOUR
        return make_sender(sid=session_id, since=since, until=until, **said)

    return entering


def signed_in(sender):
    return sender.browser.client.get("/").status_code == 200


def test_to_sign_out_at_the_portal_signs_out_here(enter, tell):
    here, elsewhere = clock.new_id(), clock.new_id()
    ada, grace = enter(here), enter(elsewhere)
    tell(here, ada.id)

    assert not signed_in(ada)
    assert signed_in(grace)


def test_to_sign_out_everywhere_ends_what_began_before_and_nothing_later(travel, enter, tell):
    ada = enter(clock.new_id())
    travel.shift(10)
    tell(None, ada.id)
    assert not signed_in(ada)
    travel.shift(60)

    assert signed_in(enter(clock.new_id(), ago=1, who=ada.id)), "the event is about former sessions"


def test_an_ended_session_enters_no_more(enter, tell, hand_over, browser):
    session = clock.new_id()
    ada = enter(session)
    tell(session, ada.id)
    token = hand_over(who=ada.id, sid=session, since=clock.now(), until=START + 10**9)
    headers = {"Origin": "https://portal.example"}
    answer = browser.client.post("/enter", data={"token": token}, headers=headers)

    assert answer.status_code == 401


def test_a_session_here_lasts_no_longer_than_that_of_the_portal(travel, enter):
    ada = enter(clock.new_id(), ago=11 * HOUR)
    assert signed_in(ada)
    travel.shift(HOUR + 1)

    assert not signed_in(ada)


def test_a_portal_of_release_0_1_names_no_session(make_sender, tell):
    ada = make_sender()
    assert signed_in(ada)
    tell(clock.new_id(), ada.id)
    assert signed_in(ada)
    tell(None, ada.id)

    assert not signed_in(ada)


def test_ends_are_forgotten_when_no_session_is_that_old(travel, enter, tell, folder):
    tell(clock.new_id(), clock.new_id())
    travel.shift(24 * HOUR + 1)
    commands.forget_old(folder)
    assert EndedSession.select().count() == 0
    commands.end_sessions(clock.new_id(), (START - 1) * clock.SECOND)

    assert EndedSession.select().count() == 0, "an old event, read again from the log"


@pytest.mark.parametrize("changes", [{"sid": 5}, {"sid": "x"}, {"since": "1"}, {"until": True}, {"until": 1.5}])
def test_a_token_that_names_its_session_wrongly_signs_nobody_in(browser, hand_over, changes):
    headers = {"Origin": "https://portal.example"}
    token = hand_over(**{"sid": clock.new_id(), "since": 1, "until": START, **changes})
    answer = browser.client.post("/enter", data={"token": token}, headers=headers)

    assert answer.status_code == 401
