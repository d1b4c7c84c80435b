"""Every part fits into a head: each file, and the way from a click to what it causes."""

import re
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from .source import UNITS, files
from .worlds import EVENTS, ROOT, Tellers

MOST_IN_A_FILE, MOST_IN_THE_MIDDLE = 400, 120
MOST_FUNCTIONS, MOST_FILES = 10, 6
# Not "account" and "member": whom a token speaks for. Not "order", which is also a sequence's.
BUSINESS = re.compile(
    r"(plan|license|seat|subscription|price|cart|quote|invoice|payment|pay|purchase|buyer|customer|assignment|parking"
    r"|entitlement|catalog|notice|notifier|mail|receipt|renewal|tax|role|activation)s?|orders|paid"
)


PROTOCOL_WORDS = {file: {"mail"} for file in ("smtp.py", "smtp_replies.py")}  # MAIL is a command
PROTOCOL_WORDS["paths.py"] = {"quote"}  # the name of Python's function


def test_the_kit_knows_no_business_word():
    for path in files("kit"):
        words = set(re.findall(r"[a-z]+", path.read_text().lower())) - PROTOCOL_WORDS.get(path.name, set())
        assert {word for word in words if BUSINESS.fullmatch(word)} == set(), path


def test_no_file_is_long_and_most_are_short():
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in files()}

    assert {path: length for path, length in lengths.items() if length > MOST_IN_A_FILE} == {}
    assert statistics.median(lengths.values()) < MOST_IN_THE_MIDDLE


@contextmanager
def entered(package: str) -> Iterator[list[tuple[str, str]]]:
    """The functions of a service that are entered meanwhile, each once: (file, name)."""
    found: list[tuple[str, str]] = []
    root = str(UNITS[package])

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        function = (code.co_filename.removeprefix(root), code.co_qualname)
        inside = code.co_filename.startswith(root) and not code.co_name.startswith("<")
        if event == "call" and inside and function not in found:
            found.append(function)

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


@pytest.fixture
def package() -> str:
    return "orders"


@pytest.mark.parametrize("again", [False, True], ids=["the first order", "one that joins a subscription"])
def test_pay_is_few_steps_from_the_route_to_its_event(world, client, again):
    Tellers("orders").tell("plan.published", "eco", EVENTS["plan.published"]["examples"][0])
    buyer = world.bearer("purchase", account=world.account, who=world.member)
    url = f"/v1/accounts/{world.account}"

    def orders() -> str:
        wish = {"interval": "month", "lines": [{"plan": "eco", "seats": 3}]}
        quote = client.post(f"{url}/quotes", json=wish, headers=buyer).json
        return str(client.post(f"{url}/orders", json={"quote_id": quote["id"]}, headers=buyer).json["id"])

    def pays(order_id: str) -> Any:
        card = {"provider": "sandbox", "card": "4242424242424242"}
        return client.post(f"{url}/orders/{order_id}/payment", json=card, headers=buyer)

    if again:
        assert pays(orders()).json["status"] == "paid"
    order_id = orders()
    with entered("orders") as functions:
        answer = pays(order_id)

    assert answer.json["status"] == "paid", answer.json
    assert len(functions) <= MOST_FUNCTIONS, functions
    assert len({file for file, _ in functions}) <= MOST_FILES, functions
    assert ("/events.py", "order_paid") in functions
