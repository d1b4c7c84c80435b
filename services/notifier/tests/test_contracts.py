"""Whatever the contracts say may come is understood, and what we say keeps its contract."""

import json
from pathlib import Path

import jsonschema
import pytest

from kit import clock, cursors
from notifier.handlers import HANDLERS, of_products
from notifier.models import Activity, Birth
from notifier.wording import NOT_SAID, Wording
from service_fixtures import Source, announced

CONTRACTS = [
    json.loads(path.read_text()) for path in sorted(Path(__file__).parents[3].glob("contracts/events/*.json"))
]
FOLLOWED = {**HANDLERS, **of_products(["secure-messages"])}
HEARD = [contract for contract in CONTRACTS if contract["publisher"] in FOLLOWED]


@pytest.mark.parametrize("contract", HEARD, ids=lambda contract: contract["type"])
def test_every_example_of_a_contract_is_applied(database, contract):
    Birth.insert(born_at=0).on_conflict_ignore().execute()
    reader, source = cursors.Reader(FOLLOWED), Source(contract["publisher"])
    for example in contract["examples"]:
        subject = clock.new_id() if contract["subject"] == "account" else example["plan"]
        event = source.tells(contract["type"], subject, example)
        reader.take([event], fresh=False)
        assert cursors.Cursor.get_by_id((event.source, subject)).error is None

    rows = len(contract["examples"]) if contract["subject"] == "account" else 0
    assert Activity.select().where(Activity.source == contract["publisher"]).count() == rows


@pytest.mark.parametrize(
    "contract", [one for one in CONTRACTS if one["summary"]], ids=lambda contract: contract["type"]
)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_summary_says_something_of_every_example(database, contract, language):
    for example in contract["examples"]:
        said = Wording(language).summary(Activity(type=contract["type"], actor="service:orders", data=example))
        assert said
        assert not {"{", "}", NOT_SAID} & set(said), said


def test_what_we_announce_keeps_its_contract(acme, send, mail_server):
    acme.pays()
    mail_server.faults = ["refuse"]
    acme.pays()
    send()

    by_type = {contract["type"]: contract for contract in CONTRACTS}
    assert {event.type for event in announced()} == {"notice.sent", "notice.failed"}
    for event in announced():
        jsonschema.validate(event.data, by_type[event.type]["schema"])
