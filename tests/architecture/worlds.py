"""Each service with a little in it, made from the examples of the contracts, and callers it lets in."""

import importlib
import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from flask.testing import FlaskClient

from kit import auth, clock, cursors, rates
from notifier.models import Birth

ROOT = Path(__file__).parents[2]
SERVICES = ("catalog", "orders", "entitlements", "notifier")
EVENTS = {
    path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "contracts/events").glob("*.json"))
}
HTTP = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "contracts/http").glob("*.yaml"))
}
ISSUERS = json.loads((ROOT / "deploy" / "issuers.json").read_text())
ACCOUNT = "019ab000-0000-7000-8000-00000000acc0"
NOBODY = "019ab000-0000-7000-8000-00000000dead"

Bearer = Callable[..., dict[str, str]]


class Unlimited(dict[str, rates.Rate]):
    """Settings that switch off every limit: tests try more than a person does."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> rates.Rate:
        return None


class World(NamedTuple):
    """A service, and an account with a member who may do everything in it."""

    service: str
    account: str
    member: str
    bearer: Bearer

    def headers(self, access: auth.Access) -> dict[str, str]:
        """A token of somebody whom the route lets in: a person of the account, if it is for people."""
        if access == auth.PUBLIC:
            return {}
        everything = ISSUERS["portal"]["with_account"]
        if access.grants & set(everything):
            return self.bearer(*everything, account=self.account, who=self.member)
        grant = min(access.grants)
        issuer = next(
            name
            for name, may in ISSUERS.items()
            if grant in may["without_account"] and self.service in may["audiences"]
        )
        return self.bearer(grant, issuer=issuer)

    def arguments(self, names: set[str]) -> dict[str, str]:
        """Something for every argument of a path."""
        known = {"account_id": self.account, "member_id": self.member, "language": "en", "name": "acme.example"}
        return {name: known.get(name, "eco" if name == "code" else NOBODY) for name in names}


def make_world(service: str, client: FlaskClient, bearer: Bearer) -> World:
    """Tell the service what others would, and do what only it can do, so that routes find something."""
    if service == "catalog":
        for plan in json.loads(resources.files("catalog").joinpath("data/plans.json").read_text()):
            assert client.post("/v1/plans", json=plan, headers=bearer("plans:write")).status_code == 201
    if service == "notifier":  # its first migration notes when it was born, and tests empty all tables
        Birth.insert(born_at=clock.now()).on_conflict_ignore().execute()
    tellers = Tellers(service)
    for line in EVENTS["order.paid"]["examples"][0]["lines"]:
        plan = {**EVENTS["plan.published"]["examples"][0], "plan": line["plan"], "version": line["version"]}
        tellers.tell("plan.published", line["plan"], plan)
    account = ACCOUNT
    member = NOBODY
    if service == "entitlements":
        administrator = {"email": "ada@acme.example", "name": "Ada Lovelace"}
        opening = {**EVENTS["account.opened"]["examples"][0], "first_administrator": administrator}
        opened = client.post("/v1/accounts", json=opening, headers=bearer("accounts:write"))
        assert opened.status_code == 201, opened.text
        answer: Any = opened.json
        account, member = answer["id"], answer["first_administrator"]["id"]
    for type_ in ("account.opened", "member.added", "order.paid", "license.issued", "seats.parked"):
        tellers.tell(type_, account, EVENTS[type_]["examples"][0])
    return World(service, account, member, bearer)


class Tellers:
    """The other services, as far as this one listens to them."""

    def __init__(self, service: str):
        from service_fixtures import Source  # not before pytest has made it a plugin

        self.handlers = importlib.import_module(f"{service}.handlers").HANDLERS
        self.sources = {source: Source(source) for source in self.handlers}
        self.reader = cursors.Reader(self.handlers)

    def tell(self, type_: str, subject: str, data: dict[str, Any]) -> None:
        source = EVENTS[type_]["publisher"]
        if source in self.sources:
            event = self.sources[source].tells(type_, subject, data)
            self.reader.take([event], fresh=True)
            cursor = cursors.Cursor.get_by_id((source, subject))
            assert (cursor.sequence, cursor.error) == (event.sequence, None)
