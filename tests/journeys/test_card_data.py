"""No card number outlives its payment: not in a database, a log, an event, an answer or a mail."""

import re
from pathlib import Path

import pytest

from journeys import people
from journeys.people import Office, Refused, until
from local.suite import Suite
from portal.forms import has_card_number

pytestmark = pytest.mark.slow

UNKNOWN = "4111 1111 1111 1111"  # a real test number, which the sandbox does not know
MALFORMED = "5500-0000-0000-0004-0"
# Numbers of cards begin with 3 to 6, instants in microseconds with 1; ids are hexadecimal.
CARD = re.compile(rb"(?<![0-9a-fA-F.-])[3-6](?:[ -]?\d){12,18}(?![0-9a-fA-F-])")


def pays(office: Office, order: people.Json, body: people.Json, key: str) -> str:
    """What the answer to the payment says, whether it is a refusal or not."""
    answer = office.http.post(
        f"{office.suite.urls['orders']}/v1/accounts/{office.id}/orders/{order['id']}/payment",
        json=body,
        headers={**office.headers(), "Idempotency-Key": key},
    )
    return answer.text


def places_with_cards(texts: dict[str, bytes]) -> list[str]:
    return [
        f"{place}: …{text[max(0, match.start() - 60) : match.end() + 20]!r}"
        for place, text in texts.items()
        for match in CARD.finditer(text)
        if has_card_number(match[0].decode())
    ]


def written_by(suite: Suite) -> dict[str, bytes]:
    """Every file of the stack: databases with their journals, and the logs of all processes."""
    files = (path for path in Path(suite.directory).rglob("*") if path.is_file())
    return {str(path.relative_to(suite.directory)): path.read_bytes() for path in files}


def test_a_run_with_every_kind_of_payment_leaves_no_card_number_anywhere(suite):
    office = Office(suite)
    order = office.orders("eco", 1)
    answers = []
    for number, card in enumerate([people.DECLINED, people.POOR, UNKNOWN, MALFORMED, people.PAYS]):
        answers.append(pays(office, order, {"provider": "sandbox", "card": card}, f"key-{number}"))
    for number, body in enumerate(
        [
            {"provider": people.PAYS, "card": people.PAYS},
            {"provider": "sandbox", "card": int(people.PAYS)},
            {"provider": "sandbox", "card": [people.PAYS]},
            {"provider": "sandbox", "card": people.PAYS, "card_again": people.PAYS},
        ]
    ):
        answers.append(pays(office, order, body, f"odd-{number}"))
    with pytest.raises(Refused):
        office.call("orders", "GET", f"/v1/accounts/{{a}}/orders/{people.PAYS}")
    office.awaits_licenses(order)
    until("the receipt", lambda: office.mails_to(office.ada))

    assert places_with_cards({f"answer {n}": text.encode() for n, text in enumerate(answers)}) == []
    assert places_with_cards(written_by(suite)) == []


def test_the_search_finds_a_card_number_when_there_is_one():
    assert len(places_with_cards({"log": b'{"card": "4242 4242 4242 4242"}'})) == 1
