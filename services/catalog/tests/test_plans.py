"""Plans are ranked, versioned and public; every change is announced."""

import copy
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import resources

import pytest

from catalog import commands
from kit import db
from kit.errors import Refusal
from service_fixtures import announced

ECO = json.loads(resources.files("catalog").joinpath("data/plans.json").read_text())[0]


@pytest.fixture
def publisher(bearer):
    return bearer("plans:write")


def test_a_published_plan_is_listed_and_announced(client, publisher):
    answer = client.post("/v1/plans", json=ECO, headers=publisher)

    assert answer.status_code == 201
    assert [plan["code"] for plan in client.get("/v1/plans").json["items"]] == ["eco"]
    assert [event.data["version"] for event in announced("plan.published")] == [1]


def test_publishing_the_same_content_again_changes_nothing(client, publisher):
    client.post("/v1/plans", json=ECO, headers=publisher)
    client.post("/v1/plans", json=ECO, headers=publisher)

    assert client.get("/v1/plans/eco").json["version"] == 1
    assert len(announced()) == 1


def test_a_changed_price_is_a_new_version_and_the_old_one_stays(client, publisher):
    client.post("/v1/plans", json=ECO, headers=publisher)
    dearer = copy.deepcopy(ECO)
    dearer["prices"][0]["unit_amount"] = 600
    client.post("/v1/plans", json=dearer, headers=publisher)

    assert client.get("/v1/plans/eco").json["prices"][0]["unit_amount"] == 600
    assert [event.data["prices"][0]["unit_amount"] for event in announced()] == [500, 600]


def test_two_plans_cannot_share_a_rank(client, publisher):
    client.post("/v1/plans", json=ECO, headers=publisher)
    answer = client.post("/v1/plans", json={**ECO, "code": "other"}, headers=publisher)

    assert (answer.status_code, answer.json["code"]) == (409, "rank-taken")


@pytest.mark.parametrize("known", [False, True], ids=["first versions", "plans that move"])
def test_two_plans_published_at_the_same_rank_at_once_leave_it_to_one(database, known):
    content = {name: value for name, value in ECO.items() if name not in ("code", "rank")}
    if known:
        for rank, code in enumerate("ab", start=1):
            commands.publish_plan(code, rank, content)
    barrier = threading.Barrier(2)

    def publish(code):
        with db.database.connection_context():
            barrier.wait()
            try:
                return commands.publish_plan(code, 7, content).plan_id
            except Refusal as refusal:
                return refusal.code

    with ThreadPoolExecutor() as threads:
        said = set(threads.map(publish, "ab"))

    assert len(said & {"a", "b"}) == 1
    assert "rank-taken" in said


def test_a_retired_plan_is_no_longer_listed_but_still_described(client, publisher):
    client.post("/v1/plans", json=ECO, headers=publisher)
    client.post("/v1/plans/eco/retirement", json={}, headers=publisher)

    assert client.get("/v1/plans").json["items"] == []
    assert client.get("/v1/plans/eco").json["status"] == "retired"
    assert [event.type for event in announced()] == ["plan.published", "plan.retired"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"features": {**ECO["features"], "retrieval": 1}}, "feature-invalid"),
        ({"features": {**ECO["features"], "free_beer": True}}, "feature-unknown"),
        ({"prices": []}, "prices-ambiguous"),
        ({"prices": ECO["prices"][:1] * 2}, "prices-ambiguous"),
    ],
)
def test_a_plan_that_leaves_questions_open_is_refused(client, publisher, change, code):
    answer = client.post("/v1/plans", json={**ECO, **change}, headers=publisher)

    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert announced() == []


def test_the_document_of_a_plan_is_a_page_in_the_language_asked_for(client, publisher):
    client.post("/v1/plans", json=ECO, headers=publisher)

    page = client.get("/v1/plans/eco/documents/fr")
    assert '<html lang="fr">' in page.text
    assert "Messages sécurisés" in page.text
    assert client.get("/v1/plans/eco/documents/de").status_code == 404
