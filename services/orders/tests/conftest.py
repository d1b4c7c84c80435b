"""Fixtures of orders' tests: an account in Toronto that may buy, three plans, and the steps of a purchase."""

import copy
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import peewee
import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from kit import clock, db
from kit.cursors import Reader
from orders import payments, settings
from orders.app import create_app
from orders.handlers import HANDLERS

CONTRACTS = Path(__file__).parents[3] / "contracts" / "events"
ACCOUNT = "019ab000-0000-7000-8000-0000000000a1"
BUYER = "019ab000-0000-7000-8000-0000000000b1"
PAYS = "4242424242424242"
ACME = {"name": "Acme", "locale": "en", "time_zone": "America/Toronto", "currency": "CAD", "address": {}}


def plan(code: str, rank: int, month: int, year: int, **more: Any) -> dict[str, Any]:
    """The data of a plan.published; prices in minor units."""
    prices = [
        {"currency": currency, "interval": interval, "unit_amount": amount}
        for currency in ("CAD", "USD")
        for interval, amount in (("month", month), ("year", year))
    ]
    words = {"en": code.title(), "fr": code.title()}
    texts = {"name": words, "summary": words, "install": words, "features": {"devices.max": 3}}
    dates = {"effective_from": "2026-01-01", "effective_for_existing": "2026-02-01"}
    known = {"plan": code, "rank": rank, "version": 1, "family": "secure-messages", "minimum_quantity": 1}
    return {**known, **texts, **dates, "prices": prices, **more}


PLANS = (plan("eco", 1, 500, 4800), plan("advanced", 2, 1000, 9600), plan("pro", 3, 1875, 18000))


class Sources:
    """What catalog and entitlements say, applied as the worker would."""

    def __init__(self) -> None:
        from service_fixtures import Source

        self.catalog, self.entitlements = Source("catalog"), Source("entitlements")
        self.reader = Reader(HANDLERS)
        self.plans = {published["plan"]: published for published in PLANS}
        for code in self.plans:
            self.publish(code)
        self.tell("account.opened", ACME)

    def publish(self, code: str, **changes: Any) -> None:
        published = self.plans[code] = {**self.plans[code], **changes}
        self.reader.take([self.catalog.tells("plan.published", code, published)], fresh=True)

    def raise_price(self, code: str, **changes: Any) -> None:
        """The next version of a plan, one dollar dearer."""
        dearer = copy.deepcopy(self.plans[code])
        for price in dearer["prices"]:
            price["unit_amount"] += 100
        self.publish(code, prices=dearer["prices"], version=dearer["version"] + 1, **changes)

    def retire(self, code: str) -> None:
        told = {"plan": code, "successor": None}
        self.reader.take([self.catalog.tells("plan.retired", code, told)], fresh=True)

    def change_account(self, **changes: Any) -> None:
        self.tell("account.changed", {**ACME, **changes})

    def tell(self, type: str, data: dict[str, Any], account: str = ACCOUNT) -> None:
        self.reader.take([self.entitlements.tells(type, account, data)], fresh=True)


class Buyer:
    """The steps of a purchase over HTTP; each with a new token, for tests that move the clock."""

    def __init__(self, app: Flask, headers: Callable[[], dict[str, str]], account: str):
        self.app, self.headers, self.account, self.member = app, headers, account, BUYER

    def call(self, method: str, path: str, json: Any = None, **headers: str) -> TestResponse:
        sent = {**self.headers(), **{name.replace("_", "-"): value for name, value in headers.items()}}
        url = f"/v1/accounts/{self.account}{path}"
        return self.app.test_client().open(url, method=method, json=json, headers=sent)

    def quote(self, *lines: tuple[str, int], interval: str = "month") -> dict[str, Any]:
        wanted = [{"plan": plan, "seats": seats} for plan, seats in lines or [("eco", 3)]]
        answer = self.call("POST", "/quotes", {"interval": interval, "lines": wanted})
        assert answer.status_code == 201, answer.json
        return answer.json

    def place(self, quote: dict[str, Any], **headers: str) -> TestResponse:
        return self.call("POST", "/orders", {"quote_id": quote["id"]}, **headers)

    def order(self, *lines: tuple[str, int], interval: str = "month") -> dict[str, Any]:
        answer = self.place(self.quote(*lines, interval=interval))
        assert answer.status_code == 201, answer.json
        return answer.json

    def pay(self, order: dict[str, Any], card: str = PAYS, **headers: str) -> TestResponse:
        body = {"provider": "sandbox", "card": card}
        return self.call("POST", f"/orders/{order['id']}/payment", body, **headers)

    def confirm(self, order: dict[str, Any], outcome: str = "accepted") -> TestResponse:
        return self.call("POST", f"/orders/{order['id']}/payment/confirmation", {"outcome": outcome})

    def cancel(self, order: dict[str, Any]) -> TestResponse:
        return self.call("POST", f"/orders/{order['id']}/cancellation")

    def state(self, order: dict[str, Any]) -> str:
        status: str = self.call("GET", f"/orders/{order['id']}").json["status"]
        return status

    def subscriptions(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.call("GET", "/subscriptions").json["items"]
        return items


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Run the calls in parallel threads, each with its own database connection."""

    def connected(call: Callable[[], Any]) -> Any:
        with db.database.connection_context():
            return call()

    def run(*calls: Callable[[], Any]) -> list[Any]:
        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(connected, calls))

    return run


@pytest.fixture
def said() -> Callable[[], list[str]]:
    """The types of what orders announced, oldest first."""
    from service_fixtures import announced

    return lambda: [event.type for event in announced()]


@pytest.fixture
def package() -> str:
    return "orders"


@pytest.fixture
def app(database: peewee.Database, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The service; whatever it announced in a test keeps its contracts."""
    from service_fixtures import announced

    monkeypatch.setenv("CATALOG_URL", "http://catalog.invalid")
    monkeypatch.setenv("ENTITLEMENTS_URL", "http://entitlements.invalid")
    yield create_app(settings.read()._replace(trust_dir=str(keys / "trust")))
    for event in announced():
        contract = json.loads((CONTRACTS / f"{event.type}.json").read_text())
        jsonschema.validate(event.data, contract["schema"])


@pytest.fixture
def providers() -> Any:
    return payments.available(settle_after=5)


@pytest.fixture
def sources(app: Flask) -> Sources:
    return Sources()


@pytest.fixture
def buyer(app: Flask, sources: Sources, bearer: Any) -> Buyer:
    return Buyer(app, lambda: bearer("purchase", account=ACCOUNT, who=BUYER), ACCOUNT)


@pytest.fixture
def clock_at() -> Iterator[Callable[[str], time_machine.Traveller]]:
    """clock_at("2026-11-22T23:59:00-05:00") stops the clock there; .move_to() and .shift() move it."""
    travels: list[time_machine.travel] = []

    def stop_at(instant: str) -> time_machine.Traveller:
        travel = time_machine.travel(clock.from_text(instant) / clock.SECOND, tick=False)
        travels.append(travel)
        return travel.start()

    yield stop_at
    for travel in travels:
        travel.stop()
