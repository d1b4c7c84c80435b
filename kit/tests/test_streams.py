"""What operators do about a stopped stream is refused to others, takes effect and is kept with its reason."""

import pytest

from kit import clock, cursors, settings, web
from kit.cursors import Handler, Reader
from kit.testing import Source
from sample.models import count, effects


@pytest.fixture(scope="session")
def issuers():
    return {"operator": {"with_account": [], "without_account": ["streams:write", "events:read"]}}


@pytest.fixture
def app(database, keys):
    return web.create_app(settings.read("sample", port=0)._replace(trust_dir=str(keys / "trust")), "Sample", [])


@pytest.fixture
def operator(bearer):
    return bearer("streams:write", who="ada")


@pytest.fixture
def stopped(database):
    """The events of a stream that stopped at the second one, and a reader that has learned to apply it."""
    shop = Source("shop")
    events = [shop.tells("thing.sold", "a", {"number": number}) for number in range(3)]

    def broken(event, data):
        if event == events[1]:
            raise cursors.Stopped("not-understood: thing.sold")
        count(event, data)

    Reader({"shop": {"*": Handler(None, broken)}}, release="1.0.0").take(events, fresh=True)
    mended = Reader({"shop": {"*": Handler(None, count)}})
    return lambda: mended.take(events, fresh=True)


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


def test_a_stream_that_runs_is_not_touched(client, operator, database):
    wanted = {"act": "skip", "source": "shop", "subject": "a", "reason": "sold twice"}
    answer = client.post("/v1/stream-acts", json=wanted, headers=operator)

    assert answer.status_code == 404
    assert client.get("/v1/stream-acts", headers=operator).json["items"] == []


@pytest.mark.parametrize(
    "change", [{"act": "forget"}, {"reason": ""}, {"source": None}, {"id": clock.new_id()}]
)
def test_an_act_names_what_is_done_and_why(client, operator, stopped, change):
    wanted = {"act": "skip", "source": "shop", "subject": "a", "reason": "sold twice", **change}

    assert client.post("/v1/stream-acts", json=wanted, headers=operator).status_code == 422
    assert cursors.stopped() != []


def test_others_see_and_do_nothing(client, bearer, stopped):
    reader = bearer("events:read")

    assert client.get("/v1/stopped-streams", headers=reader).status_code == 403
    assert client.post("/v1/stream-acts", json={}, headers=reader).status_code == 403
    assert client.get("/v1/stream-acts", headers=reader).status_code == 403
