"""What operators do about a stopped stream is refused to others, takes effect and is kept with its reason."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest

from kit import clock, cursors, db, settings, streams, web
from kit.cursors import Handler, Reader
from kit.errors import Refusal
from sample.models import count, effects
from service_fixtures import Source


@pytest.fixture(scope="session")
def issuers():
    return {
        "operator": {
            "with_account": [],
            "without_account": ["streams:write", "events:read"],
            "audiences": ["sample"],
        }
    }


@pytest.fixture
def app(database, keys):
    return web.create_app(settings.read("sample", port=0)._replace(trust_dir=str(keys / "trust")), "Sample", [])


@pytest.fixture
def operator(bearer):
    return bearer("streams:write", who="ada")


@pytest.fixture
def shop(database):
    """The events of a stream."""
    source = Source("shop")
    return [source.tells("thing.sold", "a", {"number": number}) for number in range(3)]


@pytest.fixture
def stopped(shop):
    """The stream stopped at the second event; a reader that has learned to apply it."""

    def broken(event, data):
        if event == shop[1]:
            raise cursors.Stopped("not-understood: thing.sold")
        count(event, data)

    Reader({"shop": {"*": Handler(None, broken)}}, release="1.0.0").take(shop, fresh=True)
    mended = Reader({"shop": {"*": Handler(None, count)}})
    return lambda: mended.take(shop, fresh=True)


def stops_at_every(events):
    """A reader that understands none of them."""

    def broken(event, data):
        raise cursors.Stopped("not-understood: thing.sold")

    Reader({"shop": {"*": Handler(None, broken)}}).take(events, fresh=True)


def test_operators_see_what_stopped_why_and_at_which_event(client, operator, stopped):
    [item] = client.get("/v1/stopped-streams", headers=operator).json["items"]

    assert (item["source"], item["subject"], item["sequence"]) == ("shop", "a", 1)
    assert (item["stopped"], item["stopped_by"]) == ("not-understood: thing.sold", "1.0.0")
    assert item["event"]["data"] == {"number": 1}


@pytest.mark.parametrize(
    ("act", "effective"), [("retry", [("a", 1), ("a", 2), ("a", 3)]), ("skip", [("a", 1), ("a", 3)])]
)
def test_a_stopped_stream_goes_on_as_the_operator_says_and_it_is_kept(
    client, operator, stopped, act, effective
):
    wanted = {"act": act, "source": "shop", "subject": "a", "reason": "sold twice"}
    before = clock.now()
    answer = client.post("/v1/stream-acts", json=wanted, headers=operator)
    stopped()

    assert answer.status_code == 201
    assert effects() == effective
    [kept] = client.get("/v1/stream-acts", headers=operator).json["items"]
    assert {name: kept[name] for name in wanted} == wanted
    assert kept["actor"] == "operator:ada"
    assert clock.from_text(kept["at"]) >= before
    assert client.get("/v1/stopped-streams", headers=operator).json["items"] == []


@pytest.mark.parametrize("verb", ["retry", "skip"])
def test_an_act_that_names_an_event_does_nothing_to_a_stream_that_stands_at_another(
    client, operator, shop, verb
):
    stops_at_every(shop)
    [item] = client.get("/v1/stopped-streams", headers=operator).json["items"]
    wanted = {"source": "shop", "subject": "a", "reason": "sold twice", "event_id": item["event"]["id"]}
    first = client.post("/v1/stream-acts", json={"act": "skip", **wanted}, headers=operator)
    stops_at_every(shop)
    again = client.post("/v1/stream-acts", json={"act": verb, **wanted}, headers=operator)

    assert (first.status_code, again.status_code) == (201, 409)
    assert (again.json["code"], again.json["event_id"]) == ("stream-moved", shop[1].id)
    assert [cursor.sequence for cursor in cursors.stopped()] == [1]
    assert len(client.get("/v1/stream-acts", headers=operator).json["items"]) == 1


def test_a_history_that_is_told_no_longer_is_not_stepped_over(client, operator, shop):
    Reader({"shop": {"*": Handler(None, count)}}).take(shop[:2], fresh=True)
    other = Source("shop")
    Reader({"shop": {"*": Handler(None, count)}}).take(
        [other.tells("thing.sold", "a", {}) for _ in range(3)][2:], fresh=True
    )
    wanted = {"act": "skip", "source": "shop", "subject": "a", "reason": "what is that?"}
    refused = client.post("/v1/stream-acts", json=wanted, headers=operator)

    assert (refused.status_code, refused.json["code"]) == (409, "history-changed")
    assert len(cursors.stopped()) == 1


def test_two_operators_who_skip_at_once_step_over_one_event(client, operator, shop):
    stops_at_every(shop)
    both = Barrier(2)

    def skips(_):
        both.wait()
        with db.database.connection_context(), suppress(Refusal):
            return streams.act("skip", "shop", "a", "sold twice").event_id

    with ThreadPoolExecutor(2) as operators:
        done = list(operators.map(skips, range(2)))

    assert sorted(done, key=str) == sorted([shop[0].id, None], key=str)
    assert len(client.get("/v1/stream-acts", headers=operator).json["items"]) == 1


def test_a_stream_that_runs_is_not_touched(client, operator, database):
    wanted = {"act": "skip", "source": "shop", "subject": "a", "reason": "sold twice"}
    answer = client.post("/v1/stream-acts", json=wanted, headers=operator)

    assert answer.status_code == 404
    assert client.get("/v1/stream-acts", headers=operator).json["items"] == []


@pytest.mark.parametrize(
    "change",
    [{"act": "forget"}, {"reason": ""}, {"source": None}, {"id": clock.new_id()}, {"event_id": "first"}],
)
def test_an_act_names_what_is_done_and_why(client, operator, stopped, change):
    wanted = {"act": "skip", "source": "shop", "subject": "a", "reason": "sold twice", **change}

    assert client.post("/v1/stream-acts", json=wanted, headers=operator).status_code == 422
    assert cursors.stopped() != []


@pytest.mark.parametrize("kept", [True, False])
def test_an_act_and_its_record_are_one_transaction(client, operator, stopped, monkeypatch, kept):
    if not kept:
        monkeypatch.setattr(streams.StreamAct, "create", lambda **_: 1 / 0)
    wanted = {"act": "skip", "source": "shop", "subject": "a", "reason": "sold twice"}
    answer = client.post("/v1/stream-acts", json=wanted, headers=operator)

    assert answer.status_code == (201 if kept else 500)
    assert (cursors.stopped() == []) is kept


def test_others_see_and_do_nothing(client, bearer, stopped):
    reader, wanted = bearer("events:read"), {"act": "skip", "source": "shop", "subject": "a", "reason": "mine"}
    bound = bearer("streams:write", account=clock.new_id(), issuer="operator")

    for headers, status in ((reader, 403), (bound, 401), ({}, 401)):
        assert client.get("/v1/stopped-streams", headers=headers).status_code == status
        assert client.post("/v1/stream-acts", json=wanted, headers=headers).status_code == status
        assert client.get("/v1/stream-acts", headers=headers).status_code == status
    assert len(cursors.stopped()) == 1
