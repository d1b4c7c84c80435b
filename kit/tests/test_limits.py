"""A limit counts in the database what each caller does, tells the caller, and stalls nobody."""

import threading

import peewee
import pytest
import time_machine

from kit import auth, clock, db, limits, rates, settings, web
from kit.limits import Limit, LimitCount
from sample import api

ACCOUNT = clock.new_id()
COPIES, VISITS = f"/v1/accounts/{ACCOUNT}/copies", f"/v1/accounts/{ACCOUNT}/visits"
START = 1_795_000_000  # seconds


@pytest.fixture(scope="session")
def issuers():
    with_account = {"with_account": ["things"], "without_account": [], "speaks_for_members": True}
    product = {"with_account": [], "without_account": ["things"]}
    return {
        name: {**rest, "audiences": ["sample"]}
        for name, rest in {"portal": with_account, "operator": product, "warehouse": product}.items()
    }


@pytest.fixture
def environment(monkeypatch):
    """Set variables of the settings."""
    return lambda **variables: [monkeypatch.setenv(name, text) for name, text in variables.items()]


@pytest.fixture
def make_app(database, keys):
    def making():
        read = settings.read("sample", port=0)._replace(trust_dir=str(keys / "trust"), trusted_proxies=1)
        return web.create_app(read, "Sample", [api.blueprint])

    return making


@pytest.fixture
def app(make_app):
    return make_app()


@pytest.fixture
def travel():
    with time_machine.travel(START, tick=False) as machine:
        yield machine


@pytest.fixture
def ada(bearer):
    return bearer("things", account=ACCOUNT)


@pytest.fixture
def copy(client):
    def copying(headers, count=1, name="lamp", **more):
        sent = {**headers, **more}
        return [client.post(COPIES, json={"name": name}, headers=sent) for _ in range(count)]

    return copying


def statuses(answers):
    return [answer.status_code for answer in answers]


def test_a_caller_beyond_the_limit_is_refused_until_the_window_ends(travel, ada, copy):
    assert statuses(copy(ada, 2)) == [201, 201]
    travel.shift(20)
    *_, refused = copy(ada, 2)

    assert (refused.status_code, refused.json["code"]) == (429, "too-many-requests")
    assert refused.content_type == "application/problem+json"
    assert refused.headers["Retry-After"] == str(refused.json["retry_after"]) == "40"
    travel.shift(39)
    assert copy(ada)[0].headers["Retry-After"] == "1"
    travel.shift(1)
    assert statuses(copy(ada, 4)) == [201, 201, 201, 429]


def test_every_answer_of_a_limited_route_says_what_is_left(travel, ada, copy):
    answers = copy(ada, 4)

    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"copies";q=3;w=60'}
    assert [answer.headers["RateLimit"] for answer in answers] == [
        f'"copies";r={remaining};t=60' for remaining in (2, 1, 0, 0)
    ]


def test_each_member_is_limited_alone_and_a_program_however_it_calls_itself(bearer, ada, copy):
    assert statuses(copy(ada, 4))[-1] == 429
    assert statuses(copy(bearer("things", account=ACCOUNT))) == [201]

    named = [copy(bearer("things", issuer="warehouse", who=f"shelf-{number}"))[0] for number in range(4)]
    assert statuses(named) == [201, 201, 201, 429]
    assert statuses(copy(bearer("things", issuer="operator"))) == [201]


def test_a_caller_without_the_permission_is_not_counted(bearer, copy):
    assert statuses(copy(bearer(account=ACCOUNT), 9)) == [403] * 9
    assert LimitCount.select().count() == 0


def test_a_public_route_is_limited_by_network_address_however_it_is_written(client):
    spellings = ["192.0.2.7", "192.0.2.7:4711", "::ffff:192.0.2.7", "[::ffff:192.0.2.7]:80"]
    visits = [client.post(VISITS, headers={"X-Forwarded-For": spelling}) for spelling in spellings]

    assert statuses(visits) == [200, 200, 200, 429]
    assert client.post(VISITS, headers={"X-Forwarded-For": "192.0.2.8"}).status_code == 200


def test_a_setting_changes_a_limit_or_switches_it_off(environment, make_app, bearer):
    def tried(count):
        headers = bearer("things", account=ACCOUNT)
        client = make_app().test_client()
        return statuses([client.post(COPIES, json={"name": "lamp"}, headers=headers) for _ in range(count)])

    environment(LIMIT_COPIES="1/2 hours")
    assert tried(2) == [201, 429]
    environment(LIMIT_COPIES="off")
    assert tried(9) == [201] * 9


@pytest.mark.parametrize(
    "text", ["", "60", "0/minute", "-1/minute", "60/fortnight", "6e9/minute", "1/0 minutes"]
)
def test_a_setting_that_is_no_rate_is_refused_by_its_name(environment, text):
    environment(LIMIT_COPIES=text)

    with pytest.raises(ValueError, match="LIMIT_COPIES must be a rate like 60/minute"):
        settings.read("sample", port=0)


@pytest.mark.parametrize("rate", ["off", "1/second", "300/15 minutes", "5/hours"])
def test_a_rate_is_a_number_for_a_time(rate):
    assert (rates.read(rate) is None) == (rate == "off")


def test_a_repeated_request_is_counted_outside_its_transaction(ada, copy, statements):
    sent = statements(lambda: copy(ada, **{"Idempotency-Key": "k1"}))
    counting = [number for number, sql in enumerate(sent) if "limit_counts" in sql]
    [claim] = [number for number, sql in enumerate(sent) if "idempotency_keys" in sql and "INSERT" in sql]

    assert len(counting) == 2
    assert max(counting) < claim


def test_a_limit_inside_a_transaction_is_a_mistake(database):
    with db.atomic(), pytest.raises(RuntimeError, match="keep its row locked"):
        Limit("copies", "3/minute").spend("ada")


def test_a_refusal_costs_one_read(ada, copy, statements):
    copy(ada, 3)
    sent = statements(lambda: copy(ada))

    assert [sql.split()[0] for sql in sent] == ["SELECT"]


def test_all_processes_share_the_count(database):
    """Each thread has its own connection, as each process has."""
    within, spender = [], Limit("copies", "10/minute")

    def spend():
        with database.connection_context():
            for _ in range(5):
                within.append(spender.count("ada").within)

    threads = [threading.Thread(target=spend) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (within.count(True), within.count(False)) == (10, 20)


def test_rows_name_no_caller_and_go_when_their_window_ended(database, travel):
    for caller in ("ada@example.org", "192.0.2.7"):
        Limit("copies", "3/minute").spend(caller)
    rows = str(list(LimitCount.select().dicts()))
    assert "copies" in rows
    assert not any(secret in rows for secret in ("ada", "192.0.2.7"))

    limits.forget_expired()
    assert LimitCount.select().count() == 2
    travel.shift(60)
    limits.forget_expired()
    assert LimitCount.select().count() == 0


def test_rows_are_purged_in_portions(database, travel, monkeypatch):
    monkeypatch.setattr(limits, "PURGED_AT_ONCE", 2)
    for caller in "abc":
        Limit("copies", "3/minute").spend(caller)
    travel.shift(60)

    assert limits.forget_expired()
    assert LimitCount.select().count() == 1
    assert not limits.forget_expired()


def test_a_window_can_be_forgotten(database):
    limit = Limit("copies", "1/minute")
    limit.spend("ada")
    limit.spend("bob")
    limit.forget("ada")

    limit.spend("ada")
    with pytest.raises(limits.TooManyRequests):
        limit.spend("bob")


def test_the_storage_keeps_the_promises_of_the_library(database):
    storage = limits.TableStorage()
    assert (storage.get("key"), storage.incr("key", 60), storage.incr("key", 60, amount=2)) == (0, 1, 3)
    assert storage.get_expiry("key") == pytest.approx(clock.now() / clock.SECOND + 60, abs=30)
    assert storage.check()

    storage.clear("key")
    assert storage.get("key") == 0
    storage.incr("other", 60)
    assert storage.reset() == 1
    assert issubclass(peewee.OperationalError, storage.base_exceptions)


def test_limits_stand_in_the_description_of_a_route(app):
    described = app.test_client().get("/openapi.json").json["paths"]["/v1/accounts/{account_id}/copies"]["post"]

    assert described["x-limit"] == {"name": "copies", "default": "3/minute"}
    assert "429" in described["responses"]
    assert auth.access_of(app, "things.copy_thing") == auth.Access(frozenset({"things"}))
