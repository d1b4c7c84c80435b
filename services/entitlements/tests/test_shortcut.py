"""The quick way of a check, or of many, and the usual one are one question with one answer."""

import flask
import pytest

from entitlements import schemas
from kit import clock, metrics

BATCH = "/v1/checks/batch"


@pytest.fixture
def bob(office):
    office.buys("advanced", 1)
    member = office.hires("bob")
    office.assigns(member, "advanced")
    return member


@pytest.fixture
def ask_both(app, bearer, office, bob):
    """ask(body, path) → (status, JSON) of the quick way and of the usual one, and whether that was quick."""
    headers = bearer("entitlements:read")

    def ask(body, path="/v1/checks", headers=headers, **more):
        question = {"account_id": office.id, "member_id": bob, "feature": "retrieval"}
        if isinstance(body, list):
            sent = {"json": {"checks": [{**question, **one} for one in body]}}
        else:
            sent = {"json": {**question, **body}} if isinstance(body, dict) else {"data": body}
        usual, begun = [], []
        with flask.request_started.connected_to(lambda *_, **__: begun.append(1), app):
            quick = app.test_client().post(path, headers=headers, **sent, **more)
        went_quick = not begun
        outside, app.wsgi_app = app.wsgi_app, app.wsgi_app.usual
        usual = app.test_client().post(path, headers=headers, **sent, **more)
        app.wsgi_app = outside
        assert quick.headers["Content-Type"] == usual.headers["Content-Type"]
        assert quick.headers["Cache-Control"] == usual.headers["Cache-Control"]
        return (quick.status_code, quick.json), (usual.status_code, usual.json), went_quick

    return ask


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount": 5},
        {"feature": "attachments.max_mb", "amount": 101},
        {"feature": "attachments.max_mb", "amount": 0},
    ],
)
def test_what_is_plainly_right_is_answered_quickly(ask_both, body):
    quick, usual, went_quick = ask_both(body)

    assert quick == usual
    assert quick[0] == 200
    assert went_quick


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"feature": "flying"}, 422),
        ({"feature": "é"}, 422),
        ({"member_id": clock.new_id()}, 404),
        ({"account_id": clock.new_id()}, 404),
        ({"account_id": "acme"}, 422),
        ({"member_id": None}, 422),
        ({"amount": -1}, 422),
        ({"amount": True}, 422),
        ({"amount": "5"}, 422),
        ({"amount": 5.0}, 200),
        ({"amount": 2**60}, 422),
        ({"color": "red"}, 422),
        ("[]", 422),
        ("{", 400),
        ("[" * 900, 400),
        ("", 400),
    ],
)
def test_whatever_else_goes_the_usual_way(ask_both, body, status):
    more = {} if isinstance(body, dict) else {"content_type": "application/json"}
    quick, usual, went_quick = ask_both(body, **more)

    assert quick == usual
    assert quick[0] == status
    assert not went_quick


def test_many_plain_questions_are_answered_quickly(ask_both):
    stranger = {"member_id": clock.new_id()}
    quick, usual, went_quick = ask_both(
        [{}, {"amount": 5}, {"feature": "flying"}, stranger, {"account_id": clock.new_id()}, {}], BATCH
    )

    assert quick == usual
    assert [item["reason"] for item in quick[1]["items"]] == [
        "ok", "ok", "feature-unknown", "member-unknown", "account-unknown", "ok"
    ]  # fmt: skip
    assert went_quick


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 422),
        ([{}, {"amount": 5.0}], 200),
        ([{}, {"amount": -1}], 422),
        ([{}, {"member_id": "bob"}], 422),
        ([{}] * (schemas.LONGEST_BATCH + 1), 422),
        ({}, 422),
        ("[]", 422),
        ('{"checks": 5}', 422),
        ('{"checks": [5]}', 422),
        ("{", 400),
    ],
)
def test_many_questions_of_which_one_is_not_plain_go_the_usual_way(ask_both, body, status):
    more = {"content_type": "application/json"} if isinstance(body, str) else {}
    quick, usual, went_quick = ask_both(body, BATCH, **more)

    assert quick == usual
    assert quick[0] == status
    assert not went_quick


@pytest.mark.parametrize("path", ["/v1/checks", BATCH])
def test_what_was_committed_before_the_question_is_in_the_answer(ask_both, office, path):
    office.buys("pro", 1)
    zoe = office.hires("zoe")
    assignment = office.assigns(zoe, "pro").json["id"]
    asked = {"member_id": zoe}
    ask = lambda: ask_both([asked] if path == BATCH else asked, path)  # noqa: E731
    assert "no-license" not in str(ask()[0])

    office.unassigns(assignment)

    assert "no-license" in str(ask()[0])


def test_who_may_not_ask_is_refused_as_usual(ask_both, bearer, office):
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer x"}, 401),
        (bearer("events:read"), 403),
        (office.headers, 403),
    ):
        quick, usual, went_quick = ask_both({}, headers=headers)
        assert quick == usual
        assert quick[0] == status
        assert not went_quick


def test_quick_answers_are_counted(client, ask_both):
    counted = 'http_request_seconds_count{method="POST",route="/v1/checks",status="200"}'

    def count():
        return float(metrics.generate_latest().decode().partition(counted)[2].partition("\n")[0] or 0)

    before = count()
    ask_both({})

    assert count() == before + 2
