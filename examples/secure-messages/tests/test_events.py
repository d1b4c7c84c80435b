"""What is told keeps its contract, and says nothing of what stands in a message."""

import json
from pathlib import Path

import jsonschema
import pytest

CONTRACTS = {
    path.stem: json.loads(path.read_text())
    for path in (Path(__file__).parents[3] / "contracts" / "events").glob("*.json")
}


@pytest.fixture
def everything(ada, grace, days_pass, told):
    """One event of each type, at least."""
    for days in ("1", "90"):
        message = ada.sends(("drawing.txt", b"a very long secret"), signing="on", days=days)
        browser, link = grace()
        name = browser.open(f"{link}/message").text.partition("/files/")[2].partition('"')[0]
        browser.client.get(f"{link}/files/{name}")
        browser.send(f"{link}/signature", name="Grace Hopper")
    ada.browser.open(f"/messages/{message}")
    ada.browser.send(f"/messages/{message}/deletion")
    days_pass(2)
    return told()


def test_every_event_keeps_its_contract(everything, ada):
    ours = {type_ for type_, contract in CONTRACTS.items() if contract["publisher"] == "secure-messages"}

    assert {event.type for event in everything} == ours
    for event in everything:
        checker = jsonschema.FormatChecker()
        jsonschema.validate(event.data, CONTRACTS[event.type]["schema"], format_checker=checker)
        assert (event.source, event.subject) == ("secure-messages", ada.account)
        assert event.data["member_id"] == ada.id


def test_no_event_says_what_stands_in_a_message(everything):
    said = json.dumps([event.data for event in everything])

    secrets = ("compiler", "translates", "drawing", "very long secret", "/m/")
    assert [secret for secret in secrets if secret in said] == []


def test_every_event_of_a_person_has_their_address(everything):
    assert {event.address for event in everything if event.type != "message.expired"} == {"127.0.0.1"}
