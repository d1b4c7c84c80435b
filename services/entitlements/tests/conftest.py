"""Fixtures of entitlements' tests: an office is an account with its people, plans and seats."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import peewee
import pytest
from flask import Flask
from flask.testing import FlaskClient

from entitlements import settings
from entitlements.app import create_app
from entitlements.handlers import HANDLERS
from kit import clock, cursors

CONTRACTS = Path(__file__).parents[3] / "contracts" / "events"
EVERYTHING = ("purchase", "billing", "people", "domains", "licenses", "activity:read", "roles", "account:read")
PLANS = {
    "eco": (1, {"attachments.max_mb": 0, "retrieval": False, "devices.max": 2}),
    "advanced": (2, {"attachments.max_mb": 100, "retrieval": True, "devices.max": 3}),
    "pro": (3, {"attachments.max_mb": 2560, "retrieval": True, "devices.max": 3}),
}


@pytest.fixture
def package() -> str:
    return "entitlements"


@pytest.fixture
def app(database: peewee.Database, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setenv("CATALOG_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ORDERS_URL", "http://127.0.0.1:1")
    own = {"trust_dir": str(keys / "trust"), "signing_key_file": str(keys / "entitlements.json")}
    return create_app(settings.read()._replace(**own))


@pytest.fixture(scope="session")
def contracts() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in CONTRACTS.glob("*.json")}


@pytest.fixture(autouse=True)
def announcements_keep_their_contracts(
    request: pytest.FixtureRequest, contracts: dict[str, Any]
) -> Iterator[None]:
    """After every test with a database: whatever was announced is what its contract says."""
    from service_fixtures import announced  # pytest imports it after this file

    checking = "database" in request.fixturenames
    if checking:
        request.getfixturevalue("database")
    yield
    for event in announced() if checking else []:
        jsonschema.validate(event.data, contracts[event.type]["schema"])


class World:
    """The other services, as entitlements hears them."""

    def __init__(self) -> None:
        from service_fixtures import Source

        self.sources = {"catalog": Source("catalog"), "orders": Source("orders")}
        self.reader = cursors.Reader(HANDLERS)

    def tells(self, source: str, type_: str, subject: str, data: dict[str, Any]) -> cursors.Arrived:
        event = self.sources[source].tells(type_, subject, data)
        self.reader.take([event], fresh=True)
        return event

    def publishes(self, code: str, version: int = 1, **changes: Any) -> None:
        rank, features = PLANS[code]
        words = {"en": code.title(), "fr": code.title()}
        told = {
            "plan": code,
            "rank": rank,
            "version": version,
            "family": "secure-messages",
            "features": features,
        }
        self.tells("catalog", "plan.published", code, {**told, "name": words, "install": words, **changes})


@pytest.fixture
def world(database: peewee.Database) -> World:
    made = World()
    for code in PLANS:
        made.publishes(code)
    return made


class Office:
    """An account and what its administrator does over HTTP."""

    def __init__(self, client: FlaskClient, bearer: Callable[..., dict[str, str]], world: World, domain: str):
        self.client, self.bearer, self.world, self.domain = client, bearer, world, domain
        opened = client.post("/v1/accounts", json=self.opening(), headers=bearer("accounts:write"))
        assert opened.status_code == 201, opened.text
        self.id: str = opened.json["id"]
        self.administrator: dict[str, Any] = opened.json["first_administrator"]
        self.url = f"/v1/accounts/{self.id}"
        self.headers = bearer(*EVERYTHING, account=self.id, who=self.administrator["id"])

    def opening(self) -> dict[str, Any]:
        person = {"email": f"ada@{self.domain}", "name": "Ada Lovelace", "locale": "en"}
        place = {
            "locale": "en",
            "time_zone": "America/Toronto",
            "currency": "CAD",
            "address": {"country": "CA"},
        }
        return {"name": "Acme", **place, "first_administrator": person}

    def does(self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None) -> Any:
        return self.client.open(self.url + path, method=method, json=json, headers=headers or self.headers)

    def gets(self, path: str) -> Any:
        answer = self.does("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def hires(self, name: str, **more: Any) -> str:
        person = {"email": f"{name}@{self.domain}", "name": name.title(), "locale": "en", **more}
        added = self.does("POST", "/members", person)
        assert added.status_code == 201, added.text
        return str(added.json["id"])

    def buys(self, plan: str, seats: int, interval: str = "year", end: str = "2027-11-22", **more: Any) -> Any:
        line = {"line": 1, "plan": plan, "version": 1, "seats": seats}
        order = {
            "order_id": clock.new_id(),
            "interval": interval,
            "subscription_id": self.subscription(interval),
        }
        paid = {**order, "term": {"start": "2026-11-22", "end": end}, "lines": [line], **more}
        return self.world.tells("orders", "order.paid", self.id, paid)

    def subscription(self, interval: str) -> str:
        """One for each interval, whatever is bought and when."""
        return str(uuid.uuid5(uuid.UUID(self.id), interval))

    def hears(self, status: str, interval: str = "year", type_: str = "") -> Any:
        """What orders tells of the subscription."""
        verb = {"active": "restored", "grace": "lapsed", "suspended": "suspended"}[status]
        told = {"subscription_id": self.subscription(interval), "interval": interval, "status": status}
        return self.world.tells("orders", type_ or f"subscription.{verb}", self.id, told)

    def assigns(self, member_id: str, plan: str) -> Any:
        return self.does("POST", "/assignments", {"member_id": member_id, "plan": plan})

    def unassigns(self, assignment_id: str) -> Any:
        return self.does("DELETE", f"/assignments/{assignment_id}")

    def parks(self, plan: str, seats: int, interval: str = "year") -> Any:
        return self.does("POST", "/parkings", {"plan": plan, "interval": interval, "seats": seats})

    def pool(self, plan: str) -> tuple[int, int, int]:
        """(assigned, free, parked)"""
        found = [pool for pool in self.gets("/pools")["items"] if pool["plan"] == plan]
        return (found[0]["assigned"], found[0]["free"], found[0]["parked"]) if found else (0, 0, 0)


@pytest.fixture
def open_office(client: FlaskClient, bearer: Any, world: World) -> Callable[[str], Office]:
    return lambda domain: Office(client, bearer, world, domain)


@pytest.fixture
def office(open_office: Callable[[str], Office]) -> Office:
    return open_office("acme.example")


@pytest.fixture
def bob(office: Office) -> str:
    """A member with an Advanced license, which is for three devices."""
    office.buys("advanced", 3)
    member = office.hires("bob")
    office.assigns(member, "advanced")
    return member


@pytest.fixture
def code_of(office: Office, client: FlaskClient, bearer: Any) -> Callable[[str], Any]:
    """The answer that the notifier gets when it asks for a member's code."""

    def read(member: str) -> Any:
        license = office.gets(f"/members/{member}")["license"]["id"]
        path = f"{office.url}/licenses/{license}/activation"
        return client.get(path, headers=bearer("activation:link", issuer="notifier"))

    return read


@pytest.fixture
def activate(client: FlaskClient) -> Callable[..., Any]:
    """What a device does with a code; `at`: the address that it has."""

    def activating(code: str, device: str = "laptop", at: str = "192.0.2.1") -> Any:
        body = {"code": code, "device": {"id": device, "name": device.title()}}
        return client.post("/v1/activations", json=body, environ_base={"REMOTE_ADDR": at})

    return activating
