"""A stand-in for the four services behind one address: their HTTP surface over plain dictionaries."""

import json
import threading
import uuid
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

from kit.errors import Refusal

ACCOUNT = "01900000-0000-7000-8000-000000000001"
ROLES = {
    "administrator": "purchase billing people domains licenses activity:read roles account:read",
    "purchaser": "purchase billing account:read",
    "people-manager": "people licenses account:read",
    "auditor": "activity:read account:read",
    "member": "account:read",
}
PEOPLE = [
    ("Ada Lovelace", "administrator", "en"),
    ("Benoît Mandelbrot", "administrator", "fr"),
    ("Chandra Purchaser", "purchaser", "en"),
    ("Dorothy Manager", "people-manager", "en"),
    ("Émile Auditeur", "auditor", "fr"),
    ("Grace Hopper", "member", "en"),
    ("Sophie Germain", "member", "fr"),
    *((f"Person Number{n:02}", "member", "en") for n in range(1, 31)),
]
CARDS = {
    "4242424242424242": ("paid", None),
    "4000000000000002": ("declined", "card-declined"),
    "4000000000009995": ("declined", "insufficient-funds"),
    "4000002500003155": ("requires_action", None),
    "4000000000000077": ("processing", None),
}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_id() -> str:
    return str(uuid.uuid4())


class Suite:
    """All that the services know; tests look into it and change it."""

    def __init__(self) -> None:
        self.down: set[str] = set()  # services that answer 503
        self.calls: list[tuple[str, str]] = []
        self.plans = json.loads(resources.files("catalog").joinpath("data/plans.json").read_text())
        self.plans = [{**plan, "version": 1, "status": "published"} for plan in self.plans]
        self.account = {
            "id": ACCOUNT, "name": "Analytical Engines", "locale": "en",
            "time_zone": "America/Toronto", "currency": "CAD", "address": {},
        }  # fmt: skip
        self.domains = [{"domain": "engines.example", "approved_at": now()}]
        self.members: dict[str, dict[str, Any]] = {}
        self.counters: dict[str, int] = {}
        for name, role, locale in PEOPLE:
            self.new_member(
                name, f"{name.split()[0].lower()}.{name.split()[1].lower()}@engines.example", [role], locale
            )
        self.pools = {"eco": 5, "pro": 2}
        self.status = "active"  # of the subscription
        self.parkings: dict[str, dict[str, Any]] = {}
        self.codes: dict[str, dict[str, Any]] = {}
        self.reminded: set[str] = set()
        self.devices: dict[str, list[dict[str, Any]]] = {}  # by member
        self.wait = 0  # seconds, for whoever tries a code
        self.refusals: list[dict[str, Any]] = []
        self.sessions: dict[str, dict[str, Any]] = {}  # live ones
        self.limited = 0  # seconds until the next export
        self.sign_ins_limited: dict[str, Any] = {}  # facts of the refusal
        self.cart: dict[str, Any] = {"interval": "month", "currency": "CAD", "lines": []}
        self.cart_version = 1
        self.quotes: dict[str, dict[str, Any]] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, Any] = {}  # by idempotency key
        self.charges: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []
        self.surcharge = 0

    def member(self, name: str) -> dict[str, Any]:
        return next(found for found in self.members.values() if found["name"] == name)

    def new_member(self, name: str, email: str, roles: list[str], locale: str) -> dict[str, Any]:
        made = {
            "id": new_id(), "email": email, "name": name, "locale": locale, "state": "active", "roles": roles,
            "permissions": sorted({grant for role in roles for grant in ROLES[role].split()}),
            "license": None, "added_at": now(), "pending_email": None, "pending_until": None,
        }  # fmt: skip
        self.members[made["id"]] = made
        self.counters[made["id"]] = 0
        return made

    def start_session(self, member: dict[str, Any], device: str | None) -> dict[str, Any]:
        """Return what the portal gets to know when somebody signs in."""
        until = (datetime.now(UTC) + timedelta(hours=12)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        made = {"id": new_id(), "member_id": member["id"], "device": device, "address": "192.0.2.7"}
        times = {"started_at": now(), "last_used_at": now(), "expires_at": until, "method": "link"}
        self.sessions[made["id"]] = {**made, **times}
        return {
            "account_id": ACCOUNT,
            "member": member,
            "session_id": made["id"],
            "started_at": now(),
            "expires_at": until,
        }

    def pool(self, plan: str) -> dict[str, Any]:
        held = [one for one in self.members.values() if (one["license"] or {}).get("plan") == plan]
        parked = sum(parking["seats"] for parking in self.parkings.values() if parking["plan"] == plan)
        capacity = self.pools[plan] - parked
        counts = {"capacity": capacity, "assigned": len(held), "free": capacity - len(held), "parked": parked}
        return {"plan": plan, **counts, "by_interval": [{"interval": "month", "status": self.status, **counts}]}

    def assign(self, member: dict[str, Any], plan: str) -> dict[str, Any]:
        if member["license"]:
            raise Refusal("already-licensed")
        if plan not in self.pools or self.pool(plan)["free"] < 1:
            raise Refusal("no-free-license", plan=plan)
        self.check_active()
        code = uuid.uuid4().hex[:16]
        member["license"] = {"id": new_id(), "plan": plan, "assignment_id": new_id(), "activated_at": None}
        self.codes[code] = member
        self.tell("license.assigned", "Ada Lovelace", f"{member['name']} got {plan}.")
        self.notices.append(
            {"id": new_id(), "kind": "license-assigned", "member_id": member["id"], "to": member["email"],
             "subject": "Your license", "state": "sent", "created_at": now(), "sent_at": now(), "text": "Hello"}
        )  # fmt: skip
        return member["license"]

    def check_active(self) -> None:
        if self.status != "active":
            raise Refusal("subscription-not-active", subscription_status=self.status)

    def let_in(self, member: dict[str, Any], device: dict[str, str]) -> dict[str, Any]:
        """The member's license is active on the device; on two at most."""
        held = member["license"]
        devices = self.devices.setdefault(member["id"], [])
        known = next((row for row in devices if row["device"] == device and not row["released_at"]), None)
        if known is None and sum(row["released_at"] is None for row in devices) >= 2:
            raise Refusal("too-many-devices", limit=2)
        if known is None:
            kept = [row for row in devices if row["device"]["id"] != device["id"]]
            row = {"id": new_id(), "device": device, "plan": held["plan"], "license_id": held["id"]}
            self.devices[member["id"]] = [*kept, {**row, "activated_at": now(), "released_at": None}]
        held["activated_at"] = held["activated_at"] or now()
        return {"token": "…", **held}

    def tell(self, type: str, who: str, summary: str) -> None:
        actor = {"id": f"member:{self.member(who)['id']}", "name": who}
        entry = {"id": new_id(), "time": now(), "source": "fake", "type": type, "actor": actor}
        self.events.insert(0, {**entry, "address": "192.0.2.7", "summary": summary, "data": {}})

    def bill(self) -> dict[str, Any]:
        self.check_active()
        lines = []
        for line in self.cart["lines"]:
            plan = next(plan for plan in self.plans if plan["code"] == line["plan"])
            price = next(
                p for p in plan["prices"] if (p["currency"], p["interval"]) == ("CAD", self.cart["interval"])
            )
            unit = price["unit_amount"] + self.surcharge
            lines.append({**line, "unit_amount": unit, "amount": unit * line["seats"], "version": 1})
        total = sum(line["amount"] for line in lines)
        terms = {"interval": self.cart["interval"], "currency": "CAD", "at_renewal": total}
        return {"lines": lines, "subtotal": total, "taxes": [], "total": total, **terms}

    def fulfill(self, order: dict[str, Any]) -> None:
        order.update(status="fulfilled", fulfilled_at=now())
        for line in order["lines"]:
            self.pools[line["plan"]] = self.pools.get(line["plan"], 0) + line["seats"]

    def pay(self, order: dict[str, Any], status: str, reason: str | None) -> dict[str, Any]:
        if status == "paid":
            order.update(status="paid", paid_at=now())
            self.charges.append(order["id"])
            self.tell("order.paid", "Ada Lovelace", f"Order {order['number']} was paid.")
        elif status != "declined":
            order["status"] = status
        else:
            order["reason"] = reason
        return {"status": status, "reason": reason, "action_url": None}


def serve(suite: Suite, trust_dir: Path) -> tuple[Any, str]:
    """Serve it on a free port; returns the server and its address."""
    from fake_routes import routes

    app = Flask("fake", static_folder=None)
    app.register_blueprint(routes(suite, trust_dir))

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> tuple[Response, int]:
        return jsonify(
            {**error.facts, "code": error.code, "detail": error.detail, "status": error.status}
        ), error.status

    @app.before_request
    def count() -> None:
        suite.calls.append((request.method, request.path))

    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.port}"
