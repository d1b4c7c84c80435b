"""Every request names its permission and its tenant; bad input gets the field and the rule, never a 500."""

import json
import threading

import peewee
import pytest

from kit import auth, clock, context, db, metrics, settings, web
from kit.idempotency import IdempotencyKey
from sample import api
from sample.models import Effect
from service_fixtures import announced

ACCOUNT, OTHER = clock.new_id(), clock.new_id()
THINGS = f"/v1/accounts/{ACCOUNT}/things"


@pytest.fixture(scope="session")
def issuers():
    return {
        "portal": {
            "with_account": ["things", "people"],
            "without_account": [],
            "audiences": ["sample"],
            "speaks_for_members": True,
        },
        "operator": {
            "with_account": [],
            "without_account": ["things", "events:read"],
            "audiences": ["sample"],
        },
    }


@pytest.fixture
def proxies():
    return 0


@pytest.fixture
def app(database, keys, proxies):
    read = settings.read("sample", port=0)._replace(trust_dir=str(keys / "trust"), trusted_proxies=proxies)
    return web.create_app(read, "Sample", [api.blueprint])


@pytest.fixture
def maker(bearer):
    return bearer("things", account=ACCOUNT)


def code_of(answer):
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == answer.status_code
    return answer.status_code, answer.json["code"]


def test_a_token_with_the_permission_and_the_account_is_let_in(client, maker):
    assert client.post(THINGS, json={"name": "lamp"}, headers=maker).status_code == 201


def test_a_refusal_that_ends_by_itself_says_when(client, maker):
    answer = client.post(THINGS, json={"name": "later"}, headers=maker)

    assert code_of(answer) == (429, "too-soon")
    assert answer.headers["Retry-After"] == str(answer.json["retry_after"]) == "7"
    assert "Retry-After" not in client.post(THINGS, json={"name": "forbidden"}, headers=maker).headers


def test_no_token_is_refused_and_told_how(client):
    answer = client.post(THINGS, json={"name": "lamp"})

    assert code_of(answer) == (401, "token-missing")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é" * 100, "." * 5])
def test_a_broken_token_is_refused(client, token):
    answer = client.post(THINGS, json={"name": "lamp"}, headers={"Authorization": f"Bearer {token}"})

    assert code_of(answer) == (401, "token-invalid")


def test_another_accounts_token_is_refused(client, bearer):
    answer = client.post(THINGS, json={"name": "lamp"}, headers=bearer("things", account=OTHER))

    assert code_of(answer) == (403, "wrong-account")


def test_a_token_without_the_permission_is_refused_and_told_which(client, bearer):
    answer = client.post(THINGS, json={"name": "lamp"}, headers=bearer("people", account=ACCOUNT))

    assert code_of(answer) == (403, "permission-missing")
    assert answer.json["needs"] == ["things"]


def test_a_token_that_says_more_than_its_issuer_may_is_refused(client, bearer):
    answer = client.post(THINGS, json={"name": "lamp"}, headers=bearer("things", issuer="portal"))

    assert code_of(answer) == (401, "token-invalid")


def test_an_expired_token_is_refused(client, keys):
    token = auth.Signer(keys / "portal.json").token("me", {"things"}, account=ACCOUNT, aud="sample", lasts=-60)
    answer = client.post(THINGS, json={"name": "lamp"}, headers={"Authorization": f"Bearer {token}"})

    assert code_of(answer) == (401, "token-invalid")


def test_trust_files_of_the_release_before_are_named_at_the_start(keys, tmp_path):
    former = {"with_account": [], "without_account": [], "keys": []}
    (tmp_path / "shop.json").write_text(json.dumps(former))

    with pytest.raises(ValueError, match=r"shop\.json names no audiences"):
        auth.Verifier(tmp_path, "sample")


def test_a_token_made_for_something_else_is_refused(client, keys):
    token = auth.Signer(keys / "portal.json").token("me", {"things"}, account=ACCOUNT, aud="sign-in")
    answer = client.post(THINGS, json={"name": "lamp"}, headers={"Authorization": f"Bearer {token}"})

    assert code_of(answer) == (401, "token-invalid")


def test_members_are_let_in_to_what_is_their_own(client, bearer):
    me = clock.new_id()
    mine = bearer(account=ACCOUNT, who=me)

    assert client.get(f"/v1/accounts/{ACCOUNT}/members/{me}", headers=mine).json["actor"] == f"member:{me}"
    assert client.get(f"/v1/accounts/{ACCOUNT}/members/{OTHER}", headers=mine).status_code == 403


def test_a_route_that_names_no_permission_is_closed(client, maker):
    assert code_of(client.get(f"/v1/accounts/{ACCOUNT}/unmarked", headers=maker)) == (
        403,
        "no-permission-named",
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": 5}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 11}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": "a", "size": 5.5}, "size"),
        ({"name": "a", "size": "5"}, "size"),
        ({"name": "a", "size": True}, "size"),
        ({"name": "a", "size": 10**30}, "size"),
        ({"name": "a", "colour": "red"}, "colour"),
        ({"name": "a", "lines": [{"count": 1}, {"count": None}]}, "lines.1.count"),
        ([], "body"),
        ("text", "body"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named_with_the_rule(client, maker, body, field):
    answer = client.post(THINGS, json=body, headers=maker)

    assert code_of(answer) == (422, "invalid-fields")
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert answer.json["errors"][0]["rule"]
    assert announced() == []


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"null", "application/json", 422),
        (b"\xff\xfe", "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b'{"size": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"name": "a"}', "text/plain", 415),
        (b'{"name": "a"}', "", 415),
        (b'{"name": "' + b"a" * 10_000_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_no_json_is_refused(client, maker, raw, kind, status):
    answer = client.post(THINGS, data=raw, headers={**maker, "Content-Type": kind})

    assert code_of(answer)[0] == status


def test_a_bug_is_a_problem_too_and_tells_nothing_of_the_inside(client):
    answer = client.get(f"/v1/accounts/{ACCOUNT}/broken")

    assert code_of(answer) == (500, "internal-error")
    assert "ZeroDivision" not in answer.text


def test_the_log_of_a_failure_names_the_route_and_not_what_its_path_holds(client, monkeypatch):
    logged = []
    monkeypatch.setattr(web.log, "exception", lambda event, **facts: logged.append((event, facts["route"])))
    client.get(f"/v1/accounts/{ACCOUNT}/broken")

    assert logged == [("request_failed", "/v1/accounts/<uuid:account_id>/broken")]


PUBLIC = f"/v1/accounts/{ACCOUNT}/sightings"


def seen_as(client, forwarded, headers, path=THINGS):
    sent = headers if forwarded is None else {**headers, "X-Forwarded-For": forwarded}
    client.post(path, json={"name": "lamp"}, headers=sent)
    return announced()[0].address


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (None, "127.0.0.1"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("10.9.9.9, 192.0.2.7", "192.0.2.7"),
        ("", "127.0.0.1"),
        ("not an address", "127.0.0.1"),
        ("10.9.9.9, not an address", "127.0.0.1"),
    ],
)
def test_an_issuer_that_speaks_for_members_says_for_whom_it_asks(client, maker, forwarded, address):
    assert seen_as(client, forwarded, maker) == address


@pytest.mark.parametrize(
    "path", [THINGS, f"/v1/accounts/{ACCOUNT}/sightings"], ids=["a route for tokens", "a public one"]
)
def test_no_other_issuer_says_for_whom_it_asks(client, bearer, path):
    assert seen_as(client, "192.0.2.7", bearer("things"), path) == "127.0.0.1"


@pytest.mark.parametrize(("proxies", "address"), [(1, "192.0.2.7"), (2, "192.0.2.7")])
def test_a_malformed_entry_is_never_stored_as_an_address(client, address):
    assert seen_as(client, "10.9.9.9, <script>, 192.0.2.7", {}, PUBLIC) == address


@pytest.mark.parametrize(
    ("proxies", "address"), [(0, "127.0.0.1"), (1, "192.0.2.7"), (2, "198.51.100.1"), (9, "10.9.9.9")]
)
def test_without_a_token_only_our_proxies_are_believed(client, address):
    assert seen_as(client, "10.9.9.9, 198.51.100.1, 192.0.2.7", {}, PUBLIC) == address


def test_an_issuer_that_speaks_for_members_says_so_where_no_token_is_needed_too(client, bearer):
    assert seen_as(client, "192.0.2.7", bearer(issuer="portal"), PUBLIC) == "192.0.2.7"


@pytest.mark.parametrize("who", ["a person", "nobody"])
def test_nobody_else_says_so_where_no_token_is_needed(client, maker, who):
    sent = maker if who == "a person" else {"Authorization": "Bearer broken"}

    assert seen_as(client, "192.0.2.7", sent, PUBLIC) == "127.0.0.1"


def test_unknown_paths_and_methods_are_problems(client, maker):
    assert code_of(client.get("/nowhere"))[0] == 404
    assert code_of(client.get(f"/v1/accounts/nobody/members/{OTHER}", headers=maker))[0] == 404
    assert code_of(client.delete(THINGS, headers=maker))[0] == 405


def test_a_refusal_names_its_rule_and_its_facts(client, maker):
    answer = client.post(THINGS, json={"name": "forbidden"}, headers=maker)

    assert code_of(answer) == (409, "name-taken")
    assert answer.json["name"] == "forbidden"


def test_a_whole_number_may_be_written_with_a_point(client, maker):
    assert client.post(THINGS, json={"name": "lamp", "size": 5.0}, headers=maker).status_code == 201


@pytest.mark.parametrize("key", ["two words", "é", "x" * 201])
def test_a_key_is_one_word_of_visible_ascii(client, maker, key):
    answer = client.post(THINGS, json={"name": "lamp"}, headers={**maker, "Idempotency-Key": key})

    assert code_of(answer) == (400, "idempotency-key-invalid")


def test_the_same_key_and_body_get_the_same_answer_and_one_effect(client, maker):
    keyed = {**maker, "Idempotency-Key": "k1"}
    answers = [client.post(THINGS, json={"name": "lamp"}, headers=keyed) for _ in range(3)]

    assert [answer.json for answer in answers] == [{"name": "lamp", "number": 1}] * 3
    assert len(announced("thing.made")) == 1


def test_the_same_key_with_another_body_is_refused(client, maker):
    keyed = {**maker, "Idempotency-Key": "k1"}
    client.post(THINGS, json={"name": "lamp"}, headers=keyed)

    assert code_of(client.post(THINGS, json={"name": "desk"}, headers=keyed)) == (422, "idempotency-key-reused")


@pytest.mark.parametrize("again", ['{ "name":"lamp"}', '{"name": "l\\u0061mp"}\n', '{"name": "lamp"}'])
def test_json_that_says_the_same_is_the_same_request(client, maker, again):
    keyed = {**maker, "Idempotency-Key": "k1", "Content-Type": "application/json"}
    answers = [client.post(THINGS, data=body, headers=keyed) for body in ('{"name":"lamp"}', again)]

    assert [answer.json for answer in answers] == [{"name": "lamp", "number": 1}] * 2
    assert Effect.select().count() == 1


def test_an_answer_that_release_0_1_stored_is_given_for_the_same_bytes(client, maker):
    keyed = {**maker, "Idempotency-Key": "k1"}
    first = client.post(THINGS, json={"name": "lamp"}, headers=keyed)
    IdempotencyKey.update(content_hash=None).execute()

    assert client.post(THINGS, json={"name": "lamp"}, headers=keyed).json == first.json
    assert code_of(client.post(THINGS, json={"name": "desk"}, headers=keyed)) == (422, "idempotency-key-reused")


def test_another_callers_key_is_another_key(client, bearer):
    for _ in range(2):
        headers = {**bearer("things", account=ACCOUNT), "Idempotency-Key": "k1"}
        client.post(THINGS, json={"name": "lamp"}, headers=headers)

    assert Effect.select().count() == 2


def test_a_refused_request_may_be_sent_again_with_its_key(client, maker):
    keyed = {**maker, "Idempotency-Key": "k1"}
    client.post(THINGS, json={"name": "forbidden"}, headers=keyed)

    assert code_of(client.post(THINGS, json={"name": "forbidden"}, headers=keyed)) == (409, "name-taken")


def test_the_same_key_many_times_at_once_has_one_effect(app, maker):
    keyed, answers = {**maker, "Idempotency-Key": "k1"}, []

    def send():
        answers.append(app.test_client().post(THINGS, json={"name": "lamp"}, headers=keyed).json)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [{"name": "lamp", "number": 1}] * 6


def test_the_log_is_served_in_order_after_a_sequence(client, maker, bearer):
    for name in ("lamp", "desk", "sofa"):
        client.post(THINGS, json={"name": name}, headers=maker)
    reader = bearer("events:read")
    items = client.get(f"/v1/events?subject={ACCOUNT}&after=1", headers=reader).json["items"]
    heads = client.get("/v1/streams", headers=reader).json

    assert [event["data"]["name"] for event in items] == ["desk", "sofa"]
    assert [(stream["subject"], stream["head"]) for stream in heads["items"]] == [(ACCOUNT, 3)]
    assert client.get(f"/v1/streams?since={heads['now']}", headers=reader).json["items"] == []


@pytest.mark.parametrize(
    "query", ["", "?subject=a&after=-1", "?subject=a&after=x", "?subject=a&limit=0", "?subject=a&colour=red"]
)
def test_a_bad_query_is_refused_by_name(client, bearer, query):
    assert code_of(client.get(f"/v1/events{query}", headers=bearer("events:read"))) == (422, "invalid-fields")


def test_why_a_token_is_refused_is_logged_under_the_name_of_its_own_request(client, maker, monkeypatch):
    logged = []

    class Log:
        def info(self, event, **facts):
            logged.append((event, facts["error"], context.current().actor, context.current().correlation))

    monkeypatch.setattr(auth, "log", Log())
    client.post(THINGS, json={"name": "lamp"}, headers=maker)
    client.post(THINGS, headers={"Authorization": "Bearer a.b.c", "X-Correlation-Id": "this-one"})

    [(event, error, *request)] = logged
    assert (event, request) == ("token_refused", ["service:public", "this-one"])
    assert "DecodeError" in error


def test_a_permission_that_is_refused_is_logged_with_the_route_and_the_address(client, bearer, monkeypatch):
    logged = []
    monkeypatch.setattr(web.log, "warning", lambda event, **facts: logged.append((event, *facts.values())))
    client.post(THINGS, json={"name": "lamp"}, headers=bearer("people", account=ACCOUNT))
    client.post(THINGS, json={"name": "lamp"}, headers=bearer("things", account=OTHER))
    client.post(THINGS, json={"name": ""}, headers=bearer("things", account=ACCOUNT))

    route = "/v1/accounts/<uuid:account_id>/things"
    assert logged == [
        ("request_refused", "permission-missing", route, "127.0.0.1"),
        ("request_refused", "wrong-account", route, "127.0.0.1"),
    ]


def test_a_process_lives_though_its_database_is_away(client, monkeypatch):
    def away(**_):
        raise peewee.OperationalError("away")

    monkeypatch.setattr(db.database.obj, "connect", away)

    assert code_of(client.get("/readyz")) == (503, "database-away")
    assert client.get("/livez").status_code == 200


def test_odd_methods_and_paths_do_not_grow_the_metrics(client):
    client.get("/nothing"), client.open("/nothing", method="ODD")
    before = len(metrics.generate_latest())
    for number in range(500):
        client.open(f"/things/{number}", method=f"ODD{number}")
        client.get(f"/nothing/{number}")

    assert len(metrics.generate_latest()) < before + 3_000


def test_health_needs_no_token(client):
    assert client.get("/livez").json == {"status": "alive"}
    assert client.get("/readyz").json == {"status": "ready"}
    assert client.get("/metrics").status_code == 404
    assert client.get("/openapi.json").json["info"]["title"] == "Sample"
