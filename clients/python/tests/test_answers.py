"""What people may use follows from the licenses that they hold."""

import math
from uuid import UUID

import pytest

from seatwise import Client, fail_closed, fail_open, signed_by
from seatwise.testing import Licenses

PRO = {"attachments.max_mb": 100, "retrieval": True, "own_address": False, "support": "phone"}


@pytest.fixture
def licenses():
    made = Licenses()
    made.give("ada", "pro", PRO)
    return made


@pytest.mark.parametrize(
    ("asked", "allowed", "reason", "value"),
    [
        (("ada", "retrieval"), True, "ok", True),
        (("ada", "attachments.max_mb", 100), True, "ok", 100),
        (("ada", "attachments.max_mb", 101), False, "limit-exceeded", 100),
        (("ada", "retrieval", 5), True, "ok", True),
        (("ada", "support"), True, "ok", "phone"),
        (("ada", "own_address"), False, "feature-not-in-plan", False),
        (("ada", "own_address", 5), False, "feature-not-in-plan", False),
        (("ada", "flying"), False, "feature-not-in-plan", None),
        (("bob", "retrieval"), False, "no-license", None),
        (([], "retrieval"), False, "unknown", None),
        *(
            (("ada", "attachments.max_mb", odd), False, "unknown", None)
            for odd in ("many", -1, 2.5, math.nan, True)
        ),
        ((UUID(int=1), "retrieval"), False, "unknown", None),
    ],
)
def test_an_answer_says_why(licenses, asked, allowed, reason, value):
    answer = licenses.allows(*asked)

    assert bool(answer) is allowed
    assert (answer.reason, answer.value) == (reason, value)


@pytest.mark.parametrize(
    ("status", "allowed", "reason"),
    [("active", True, "ok"), ("grace", True, "grace"), ("suspended", False, "suspended")],
)
def test_whoever_has_not_paid_is_warned_then_suspended(licenses, status, allowed, reason):
    licenses.give("ada", "pro", PRO, status=status)
    answer = licenses.allows("ada", "retrieval")

    assert (answer.allowed, answer.reason) == (allowed, reason)
    assert licenses.license_of("ada").status == status
    assert licenses.value("ada", "attachments.max_mb", 0) == (100 if allowed else 0)


def test_what_is_answered_is_the_callers_own(licenses):
    licenses.give("bob", "pro", PRO)
    licenses.license_of("ada").features["own_address"] = True
    licenses.held()["ada"].append("gold")
    licenses.age_by(0)

    assert not licenses.allows("ada", "own_address")
    assert licenses.license_of("ada").features == PRO
    assert licenses.held() == {"ada": ["pro"], "bob": ["pro"]}


def test_nobody_holds_what_is_no_id(licenses):
    assert licenses.license_of([]) is None


def test_a_test_gives_only_what_a_service_could_tell(licenses):
    with pytest.raises(ValueError, match="gold"):
        licenses.give("bob", "pro", PRO, status="gold")
    with pytest.raises(ValueError, match=r"attachments\.max_mb is .* not 25\.5"):
        licenses.give("bob", "pro", {"attachments.max_mb": 25.5})


def test_suspended_is_said_also_of_what_is_not_in_the_plan(licenses):
    licenses.give("ada", "pro", PRO, status="suspended")

    assert licenses.allows("ada", "flying").reason == "suspended"


@pytest.mark.parametrize("broker", ["127.0.0.1:5672", "http://127.0.0.1:5672"])
def test_an_address_that_is_none_is_refused_at_once(broker):
    with pytest.raises(ValueError, match="amqp://"):
        Client("http://127.0.0.1:9", "token", broker=broker)
    with pytest.raises(ValueError, match="http://"):
        Client("127.0.0.1:9", "token")


def test_what_is_no_word_about_too_old_answers_is_refused_at_once():
    with pytest.raises(ValueError, match=r"stale\['\*'\] must be fail_open"):
        Licenses(stale={"*": 3600})


@pytest.mark.parametrize("broker", [None, "", "none"])
def test_without_a_broker_the_log_is_enough(make_client, teller, broker):
    teller.assign("acme", "ada")
    client = make_client(broker=broker)

    assert client.wait()
    assert client.allows("ada", "retrieval")


def test_a_file_that_is_no_key_of_a_product_is_named(tmp_path):
    (tmp_path / "key.json").write_text("{}")
    with pytest.raises(ValueError, match=r"key\.json is not the key of a product"):
        signed_by(tmp_path / "key.json")


def test_an_event_that_does_not_exist_is_warned_of(licenses, caplog):
    licenses.on("license.assigned", "*")(print)
    assert not caplog.text
    licenses.on("licence.assigned")(print)

    assert "licence.assigned" in caplog.text


def test_an_answer_says_how_old_it_is(licenses):
    licenses.age_by(90)

    assert 90 <= licenses.allows("ada", "retrieval").age < 100
    assert 90 <= licenses.age < 100


def test_past_its_age_a_feature_fails_open_or_closed_as_chosen():
    licenses = Licenses(stale={"retrieval": fail_open(60), "*": fail_closed(60)})
    licenses.give("ada", "pro", PRO)
    for member, feature, late in (("bob", "retrieval", True), ("ada", "attachments.max_mb", False)):
        licenses.age_by(0)
        assert licenses.allows(member, feature).reason != "stale"
        licenses.age_by(61)
        answer = licenses.allows(member, feature)
        assert (answer.allowed, answer.reason) == (late, "stale")


def test_what_a_clock_that_was_ahead_has_dated_is_too_old():
    licenses = Licenses(stale={"*": fail_closed(3600)})
    licenses.give("ada", "pro", PRO)
    licenses.age_by(-7 * 86400)

    assert licenses.allows("ada", "retrieval").reason == "stale"


def test_without_a_choice_what_was_known_last_counts(licenses):
    licenses.age_by(10**6)

    assert licenses.allows("ada", "retrieval")


def test_a_test_gives_and_takes_and_tells(licenses):
    heard = []
    licenses.on("license.assigned")(heard.append)
    told = licenses.tell("license.assigned", member_id="ada")
    licenses.tell("license.unassigned", member_id="ada")
    licenses.take_away("ada")

    assert heard == [told]
    assert not licenses.allows("ada", "retrieval")
