"""A business and its people, acting over HTTP as the portal does for them: tests read as sentences."""

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from kit import clock
from local import tokens
from local.demo import PLANS
from local.suite import Suite

PAYS, DECLINED, POOR = "4242424242424242", "4000000000000002", "4000000000009995"
ASKS_THE_BANK, SETTLES_LATER = "4000002500003155", "4000000000000077"
PATIENCE = 60  # seconds for what usually takes a fraction of one: the machine may be busy
CODE = re.compile(r"/activate/([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})")

T = TypeVar("T")
Json = dict[str, Any]


class Refused(Exception):
    """A service said no; `code` names the rule."""

    def __init__(self, answer: httpx.Response):
        super().__init__(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}")
        self.status = answer.status_code
        self.body: Json = answer.json()
        self.code: str = self.body["code"]


def until(what: str, find: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """What `find` returns once it is true; its last answer is shown when it never is."""
    deadline, pause = time.monotonic() + seconds, 0.03
    while not (found := find()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}; {found!r}"
        time.sleep(pause)
        pause = min(pause * 1.2, 0.2)
    return found


def code_in(mail: Json) -> str:
    """The activation code of a mail's link."""
    found = CODE.search(mail["text"])
    assert found, mail["text"]
    return found[1]


def office_of_demo(suite: Suite) -> "Office":
    """The demo account, whose people the portal lets in with one click."""
    assert suite.account
    office = Office(suite)
    office.id, office.ada = suite.account["account_id"], suite.account["members"][0]
    return office


class Office:
    """An account of its own with its first administrator; who acts is an administrator unless said."""

    def __init__(self, suite: Suite, name: str = "Acme & Fils", locale: str = "en"):
        self.suite = suite
        self.http = httpx.Client(timeout=40)
        self.domain = f"{clock.new_id()[-12:]}.example"
        self._headers: dict[str, dict[str, str]] = {}
        opened = self.operate(
            "POST",
            "/v1/accounts",
            {
                "name": name,
                "locale": locale,
                "time_zone": "America/Toronto",
                "currency": "CAD",
                "address": {"city": "Montréal", "country": "CA"},
                "first_administrator": {"email": f"ada@{self.domain}", "name": "Ada Roy", "locale": locale},
            },
        )
        self.id: str = opened["id"]
        self.ada: Json = opened["first_administrator"]

    # Calls

    def call(self, service: str, method: str, path: str, body: Any = None, role: str = "administrator") -> Any:
        """As somebody of the account with that role; {a} is the account. Refused when the answer is no."""
        return self._send(service, method, path.replace("{a}", self.id), body, self.headers(role))

    def headers(self, role: str = "administrator") -> dict[str, str]:
        """A token as the portal would sign it."""
        if role not in self._headers:
            member = self.ada["id"] if role == "administrator" else ""
            token = tokens.for_role(self.suite.keys, self.id, role, member)
            self._headers[role] = {"Authorization": f"Bearer {token}"}
        return self._headers[role]

    def operate(self, method: str, path: str, body: Any = None) -> Any:
        """As the operator, with entitlements."""
        token = tokens.for_scopes(self.suite.keys, "accounts:write entitlements:read")
        return self._send("entitlements", method, path, body, {"Authorization": f"Bearer {token}"})

    def _send(self, service: str, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        answer = self.http.request(method, self.suite.urls[service] + path, json=body, headers=headers)
        if answer.is_error:
            raise Refused(answer)
        is_json = answer.content and "json" in answer.headers["content-type"]
        return answer.json() if is_json else answer.text

    # Buying

    def sees_offers(self) -> list[Json]:
        """Once orders has heard of the account and of each plan."""

        def offers() -> list[Json]:
            try:
                found: list[Json] = self.call("orders", "GET", "/v1/accounts/{a}/offers")["items"]
            except Refused as no:
                if no.code != "account-unknown":
                    raise
                return []
            return found if {offer["plan"] for offer in found} >= PLANS else []

        return until("offers", offers)

    def orders(self, plan: str, seats: int, interval: str = "month") -> Json:
        """Cart, quote and order, not paid yet."""
        self.sees_offers()
        wanted = {"interval": interval, "lines": [{"plan": plan, "seats": seats}]}
        self.call("orders", "PUT", "/v1/accounts/{a}/cart", wanted)
        return self._confirms(self.call("orders", "POST", "/v1/accounts/{a}/quotes", {}))

    def _confirms(self, quote: Json) -> Json:
        """Or the renewed quote that is shown when orders just heard of a change, as of removed seats."""
        try:
            order: Json = self.call("orders", "POST", "/v1/accounts/{a}/orders", {"quote_id": quote["id"]})
            return order
        except Refused as no:
            if no.code != "quote-stale":
                raise
            return self._confirms(no.body["quote"])

    def pays(self, order: Json, card: str = PAYS) -> Json:
        paid: Json = self.call(
            "orders",
            "POST",
            f"/v1/accounts/{{a}}/orders/{order['id']}/payment",
            {"provider": "sandbox", "card": card},
        )
        return paid

    def buys(self, plan: str, seats: int, interval: str = "month") -> Json:
        """Ordered and paid; the licenses come a moment later."""
        order = self.orders(plan, seats, interval)
        assert self.pays(order)["status"] == "paid"
        return order

    def order(self, order: Json) -> Json:
        found: Json = self.call("orders", "GET", f"/v1/accounts/{{a}}/orders/{order['id']}")
        return found

    def awaits_licenses(self, order: Json) -> Json:
        """Until the order page says that its licenses are ready."""

        def ready() -> Json | None:
            seen = self.order(order)
            return seen if seen["status"] == "fulfilled" else None

        return until(f"licenses of order {order['number']}", ready)

    def awaits_free(self, plan: str, seats: int) -> None:
        """Until so many licenses are free, asking entitlements alone."""
        until(f"{seats} free {plan}", lambda: self.pool(plan).get("free", 0) >= seats)

    # People and seats

    def hires(self, name: str, locale: str = "en", address: str = "") -> Json:
        address = address or f"{clock.new_id()[-12:]}@{self.domain}"
        person: Json = self.call(
            "entitlements",
            "POST",
            "/v1/accounts/{a}/members",
            {"email": address, "name": name, "locale": locale},
        )
        return person

    def renames(self, person: Json, name: str) -> None:
        path = f"/v1/accounts/{{a}}/members/{person['id']}"
        person.update(self.call("entitlements", "PATCH", path, {"name": name}))

    def assigns(self, person: Json, plan: str) -> Json:
        wanted = {"member_id": person["id"], "plan": plan}
        made: Json = self.call("entitlements", "POST", "/v1/accounts/{a}/assignments", wanted)
        return made

    def unassigns(self, assignment: Json) -> None:
        self.call("entitlements", "DELETE", f"/v1/accounts/{{a}}/assignments/{assignment['id']}")

    def parks(self, plan: str, seats: int, interval: str = "month") -> Json:
        wanted = {"plan": plan, "interval": interval, "seats": seats}
        made: Json = self.call("entitlements", "POST", "/v1/accounts/{a}/parkings", wanted)
        return made

    def undoes(self, parking: Json) -> None:
        self.call("entitlements", "DELETE", f"/v1/accounts/{{a}}/parkings/{parking['id']}")

    def pool(self, plan: str) -> dict[str, int]:
        pools = self.call("entitlements", "GET", "/v1/accounts/{a}/pools")["items"]
        counts = ("capacity", "assigned", "free", "parked")
        return next(({name: pool[name] for name in counts} for pool in pools if pool["plan"] == plan), {})

    def may_use(self, person: Json, feature: str, amount: int | None = None) -> Json:
        asked = {"account_id": self.id, "member_id": person["id"], "feature": feature, "amount": amount}
        asked = {name: value for name, value in asked.items() if value is not None}
        verdict: Json = self.operate("POST", "/v1/checks", asked)
        return verdict

    # Mails, activation, activity

    def mails_to(self, person: Json, count: int = 1) -> list[Json]:
        """All mails to the person, oldest first, once there are so many."""

        def arrived() -> list[Json]:
            to_them = [mail for mail in self.suite.mailbox.messages() if mail["to"] == person["email"]]
            return to_them if len(to_them) >= count else []

        return until(f"{count} mails to {person['email']}", arrived) if count else arrived()

    def activates(self, code: str, device: str = "laptop") -> Json:
        body = {"code": code, "device": {"id": f"{device}-{code}", "name": device}}
        made: Json = self._send("entitlements", "POST", "/v1/activations", body, {})
        return made

    def activity(self, *types: str, language: str = "en") -> list[Json]:
        """The whole log, oldest first; only these types, if any are given."""
        items: list[Json] = []
        cursor: str | None = ""
        while cursor is not None:
            query = f"?language={language}&limit=100" + (f"&cursor={cursor}" if cursor else "")
            page = self.call("notifier", "GET", f"/v1/accounts/{{a}}/activity{query}")
            items += page["items"]
            cursor = page["next"]
        return [item for item in reversed(items) if not types or item["type"] in types]
