"""The routes of the stand-in: the surface that the portal counts on."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fake_suite import ACCOUNT, CARDS, Suite, new_id, now
from flask import Blueprint, Response, abort, jsonify, request

from kit.auth import Verifier
from kit.errors import Refusal

Json = dict[str, Any]
SERVICES = ("catalog", "orders", "entitlements", "notifier")


def cursor_of(start: int) -> str:
    """As long and as opaque as the real ones, which name a person in base64."""
    return base64.urlsafe_b64encode(f"{start}:{'é' * 120}".encode()).decode()


def position(cursor: str) -> int:
    """Where a cursor points; one that no page gave is refused."""
    if not cursor:
        return 0
    try:
        start, _, rest = base64.urlsafe_b64decode(cursor).decode().partition(":")
    except ValueError:
        rest = ""
    if rest != "é" * 120:
        raise Refusal("cursor-invalid", status=422)
    return int(start)


def routes(suite: Suite, trust_dir: Path) -> Blueprint:  # noqa: PLR0915
    blueprint = Blueprint("fake", __name__)
    base = f"/v1/accounts/{ACCOUNT}"
    verifiers = {service: Verifier(trust_dir, service) for service in SERVICES}

    def route(method: str, path: str, service: str, *grants: str) -> Callable[..., Any]:
        def add(view: Callable[..., Any]) -> Callable[..., Any]:
            def answered(**arguments: str) -> Any:
                if service in suite.down:
                    raise Refusal("database-away", status=503)
                if grants:
                    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
                    caller = verifiers[service].caller(token)
                    own = caller.id == arguments.get("member_id")
                    if not own and caller.grants.isdisjoint(grants):
                        raise Refusal("permission-missing", status=403)
                return view(**arguments)

            blueprint.add_url_rule(path, f"{method} {path}".replace(".", "-"), answered, methods=[method])
            return view

        return add

    def once(act: Callable[[], Any]) -> Any:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return act()
        if key not in suite.answers:
            suite.answers[key] = act()
        return suite.answers[key]

    def member(member_id: str) -> Json:
        return suite.members.get(member_id) or abort(404)

    def page(items: list[Any], size: int = 100) -> Json:
        start, size = position(request.args.get("cursor", "")), int(request.args.get("limit", size))
        after = cursor_of(start + size) if len(items) > start + size else None
        return {"items": items[start : start + size], "next": after}

    @blueprint.errorhandler(404)
    def nothing(_error: Exception) -> tuple[Response, int]:
        return jsonify({"code": "not-found", "detail": "There is no such thing.", "status": 404}), 404

    @route("GET", "/v1/plans", "catalog")
    def plans() -> Json:
        return {"items": suite.plans, "next": None}

    @route("GET", "/v1/plans/<code>", "catalog")
    def plan(code: str) -> Json:
        return next((plan for plan in suite.plans if plan["code"] == code), None) or abort(404)

    @route("GET", "/v1/plans/<code>/documents/<language>", "catalog")
    def document(code: str, language: str) -> str:
        plan(code)
        return (
            f'<!doctype html><html lang="{language}"><style>body {{ margin: 0 }}</style><h1>{code}</h1></html>'
        )

    @route("GET", f"{base}/offers", "orders", "purchase", "billing")
    def offers() -> Json:
        sold = [{**plan, "plan": plan["code"]} for plan in suite.plans]
        for offer in sold:
            offer["prices"] = [price for price in offer["prices"] if price["currency"] == "CAD"]
        return {"items": sold}

    @route("GET", f"{base}/cart", "orders", "purchase", "billing")
    def cart() -> Response:
        answer = jsonify(suite.cart)
        answer.headers["ETag"] = f'"{suite.cart_version}"'
        return answer

    @route("PUT", f"{base}/cart", "orders", "purchase")
    def put_cart() -> Response:
        if request.headers.get("If-Match", f'"{suite.cart_version}"') != f'"{suite.cart_version}"':
            raise Refusal("cart-changed", status=412, cart=suite.cart)
        suite.cart = {**suite.cart, **request.json}
        suite.cart_version += 1
        return cart()

    @route("DELETE", f"{base}/cart", "orders", "purchase")
    def clear_cart() -> tuple[str, int]:
        suite.cart["lines"] = []
        suite.cart_version += 1
        return "", 204

    @route("POST", f"{base}/quotes", "orders", "purchase")
    def quote() -> tuple[Json, int]:
        if not suite.cart["lines"]:
            raise Refusal("cart-empty", status=422)
        made = {"id": new_id(), "expires_at": now(), **suite.bill()}
        suite.quotes[made["id"]] = made
        return made, 201

    @route("POST", f"{base}/orders", "orders", "purchase")
    def place() -> Any:
        def act() -> tuple[Json, int]:
            quoted = suite.quotes.get(request.json["quote_id"]) or abort(404)
            if quoted["total"] != suite.bill()["total"]:
                raise Refusal("quote-stale", quote=suite.bill())
            made = {
                **quoted, "id": new_id(), "number": f"{1000 + len(suite.orders)}", "status": "awaiting_payment",
                "placed_at": now(), "paid_at": None, "fulfilled_at": None, "reason": None, "placed_by": None,
            }  # fmt: skip
            suite.orders[made["id"]] = made
            suite.cart["lines"] = []
            return made, 201

        return once(act)

    @route("GET", f"{base}/orders", "orders", "purchase", "billing")
    def orders() -> Json:
        return page(list(reversed(suite.orders.values())))

    @route("GET", f"{base}/orders/<order_id>", "orders", "purchase", "billing")
    def order(order_id: str) -> Json:
        return suite.orders.get(order_id) or abort(404)

    @route("POST", f"{base}/orders/<order_id>/payment", "orders", "purchase")
    def pay(order_id: str) -> Json:
        card = request.json["card"]
        if card not in CARDS:
            raise Refusal("card-unknown", status=422)
        return once(lambda: suite.pay(order(order_id), *CARDS[card]))

    @route("POST", f"{base}/orders/<order_id>/payment/confirmation", "orders", "purchase")
    def confirm(order_id: str) -> Json:
        if request.json["outcome"] == "accepted":
            return suite.pay(order(order_id), "paid", None)
        order(order_id)["status"] = "awaiting_payment"
        return suite.pay(order(order_id), "declined", "authentication-failed")

    @route("POST", f"{base}/orders/<order_id>/cancellation", "orders", "purchase")
    def cancel(order_id: str) -> Json:
        order(order_id)["status"] = "canceled"
        return order(order_id)

    @route("GET", f"{base}/subscriptions", "orders", "purchase", "billing")
    def subscriptions() -> Json:
        term = {"start": "2026-11-01", "end": "2026-12-01"}
        items = [{"plan": plan, "quantity": count, "parked": 0} for plan, count in suite.pools.items()]
        return {
            "items": [{"id": new_id(), "interval": "month", "currency": "CAD", "term": term, "items": items}]
        }

    @route("GET", base, "entitlements", "account:read")
    def account() -> Json:
        return suite.account

    @route("GET", f"{base}/members", "entitlements", "people", "licenses")
    def members() -> Json:
        q, plan, state = (request.args.get(name, "") for name in ("q", "plan", "state"))
        found = [
            one
            for one in suite.members.values()
            if q.casefold() in (one["name"] + one["email"]).casefold()
            and plan in ("", (one["license"] or {"plan": "none"})["plan"])
            and state in ("", one["state"])
        ]
        return page(sorted(found, key=lambda one: str(one["name"])))

    @route("GET", f"{base}/members/<member_id>", "entitlements", "people", "licenses")
    def get_member(member_id: str) -> Json:
        return member(member_id)

    @route("POST", f"{base}/members", "entitlements", "people")
    def add_member() -> Any:
        def act() -> tuple[Json, int]:
            given = request.json
            domain = given["email"].partition("@")[2]
            if domain not in [known["domain"] for known in suite.domains]:
                raise Refusal("domain-not-approved", status=422, domain=domain)
            return suite.new_member(given["name"], given["email"], given["roles"], given["locale"]), 201

        return once(act)

    @route("PATCH", f"{base}/members/<member_id>", "entitlements", "people")
    def change_member(member_id: str) -> Json:
        changes = dict(request.json)
        email = changes.pop("email", member(member_id)["email"])
        if email != member(member_id)["email"]:
            if email.partition("@")[2] not in [known["domain"] for known in suite.domains]:
                raise Refusal("domain-not-approved", domain=email.partition("@")[2])
            changes.update(pending_email=email, pending_until=now())
        member(member_id).update(changes)
        return member(member_id)

    @route("POST", f"{base}/reminders", "entitlements", "licenses")
    def remind() -> Any:
        def act() -> Json:
            waiting = [
                one["id"]
                for one in suite.members.values()
                if one["license"] and not one["license"]["activated_at"]
            ]
            asked = request.json.get("members") or waiting
            verdicts = {id: "reminded" if suite.members[id]["license"] else "no-license" for id in asked}
            verdicts |= dict.fromkeys(suite.reminded & set(asked), "reminded-recently")
            suite.reminded |= {id for id in asked if verdicts[id] == "reminded"}
            return {"items": [{"member_id": id, "verdict": verdict} for id, verdict in verdicts.items()]}

        return once(act)

    @route("POST", f"{base}/members/<member_id>/address-change", "entitlements", "people")
    def renew_address_change(member_id: str) -> Json:
        return member(member_id)

    @route("DELETE", f"{base}/members/<member_id>/address-change", "entitlements", "people")
    def cancel_address_change(member_id: str) -> tuple[str, int]:
        member(member_id).update(pending_email=None, pending_until=None)
        return "", 204

    def waiting(token: str) -> Json:
        """The stand-in's token is the member's id."""
        found = suite.members.get(token)
        if found is None or not found["pending_email"]:
            raise Refusal("link-used" if found else "link-expired", status=409 if found else 410)
        return found

    def of_change(one: Json, email: str) -> Json:
        about = {"account_id": ACCOUNT, "account_name": suite.account["name"], "member_id": one["id"]}
        return {**about, "name": one["name"], "email": email}

    @route("POST", "/v1/address-changes/readings", "entitlements", "sign-in")
    def read_address_link() -> Json:
        one = waiting(request.json["token"])
        return of_change(one, one["pending_email"])

    @route("POST", "/v1/address-changes/confirmations", "entitlements", "sign-in")
    def confirm_address() -> Json:
        one = waiting(request.json["token"])
        one.update(email=one["pending_email"], pending_email=None, pending_until=None)
        end_sessions(one["id"])
        return of_change(one, one["email"])

    @route("PATCH", base, "entitlements", "billing", "roles")
    def change_account() -> Json:
        suite.account.update(request.json)
        return suite.account

    @route("DELETE", f"{base}/members/<member_id>", "entitlements", "people")
    def remove_member(member_id: str) -> tuple[str, int]:
        member(member_id).update(state="removed", license=None)
        return "", 204

    @route("GET", f"{base}/domains", "entitlements", "domains")
    def domains() -> Json:
        return {"items": suite.domains}

    @route("GET", f"{base}/pools", "entitlements", "account:read")
    def pools() -> Json:
        return {"items": [suite.pool(plan) for plan in suite.pools]}

    @route("POST", f"{base}/assignments", "entitlements", "licenses")
    def assign() -> tuple[Json, int]:
        held = suite.assign(member(request.json["member_id"]), request.json["plan"])
        return {"id": held["assignment_id"], "license_id": held["id"], **request.json}, 201

    @route("DELETE", f"{base}/assignments/<assignment_id>", "entitlements", "licenses")
    def unassign(assignment_id: str) -> tuple[str, int]:
        for one in suite.members.values():
            if (one["license"] or {}).get("assignment_id") == assignment_id:
                one["license"] = None
                return "", 204
        return abort(404)

    @route("GET", f"{base}/parkings", "entitlements", "licenses")
    def parkings() -> Json:
        return {"items": list(suite.parkings.values())}

    @route("POST", f"{base}/parkings", "entitlements", "licenses")
    def park() -> Any:
        def act() -> tuple[Json, int]:
            if suite.pool(request.json["plan"])["free"] < request.json["seats"]:
                plan = request.json["plan"]
                held = [one for one in suite.members.values() if (one["license"] or {}).get("plan") == plan]
                raise Refusal("seats-assigned", holders=[{"name": one["name"]} for one in held])
            made = {"id": new_id(), **request.json}
            suite.parkings[made["id"]] = made
            return made, 201

        return once(act)

    @route("DELETE", f"{base}/parkings/<parking_id>", "entitlements", "licenses")
    def unpark(parking_id: str) -> tuple[str, int]:
        suite.parkings.pop(parking_id, None)
        return "", 204

    @route("GET", f"{base}/members/<member_id>/devices", "entitlements", "licenses")
    def devices(member_id: str) -> Json:
        member(member_id)
        rows = suite.devices.get(member_id, [])
        return {"items": sorted(rows, key=lambda row: row["released_at"] is not None), "next": None}

    @route("POST", f"{base}/members/<member_id>/devices", "entitlements", "licenses")
    def let_in(member_id: str) -> tuple[Json, int]:
        held = member(member_id)["license"]
        if held is None or held["plan"] != request.json["plan"]:
            raise Refusal("license-not-held", plan=request.json["plan"])
        return suite.let_in(member(member_id), request.json["device"]), 201

    @route("DELETE", f"{base}/members/<member_id>/devices/<device_id>", "entitlements", "licenses")
    def release(member_id: str, device_id: str) -> tuple[str, int]:
        in_use = [row for row in suite.devices.get(member_id, []) if not row["released_at"]]
        row = next((row for row in in_use if row["id"] == device_id), None) or abort(404)
        row["released_at"] = now()
        return "", 204

    @route("DELETE", f"{base}/members/<member_id>/devices", "entitlements", "licenses")
    def release_all(member_id: str) -> tuple[str, int]:
        for row in suite.devices.get(member_id, []):
            row["released_at"] = row["released_at"] or now()
        return "", 204

    def tried() -> None:
        if suite.wait:
            raise Refusal("too-many-guesses", status=429, retry_after=suite.wait)

    @route("POST", "/v1/sign-ins", "entitlements", "sign-in")
    def sign_ins() -> Json:
        if suite.sign_ins_limited:
            raise Refusal("too-many-requests", status=429, **suite.sign_ins_limited)
        found = [one for one in suite.members.values() if one["email"] == request.json["email"].lower()]
        account = {"account_id": ACCOUNT, "account_name": suite.account["name"]}
        return {
            "items": [
                {
                    **account,
                    "member_id": one["id"],
                    "name": one["name"],
                    "email": one["email"],
                    "locale": one["locale"],
                    "counter": suite.counters[one["id"]],
                }
                for one in found
            ]
        }

    @route("POST", "/v1/refusals", "entitlements", "sign-in")
    def note_refusal() -> tuple[str, int]:
        suite.refusals.append(request.json)
        return "", 204

    @route("POST", "/v1/sign-ins/<member_id>/uses", "entitlements", "sign-in")
    def use(member_id: str) -> tuple[Json, int]:
        if suite.counters[member_id] != request.json["counter"]:
            raise Refusal("link-used")
        suite.counters[member_id] += 1
        return suite.start_session(member(member_id), request.json["device"]), 201

    @route("POST", f"{base}/members/<member_id>/sessions", "entitlements", "sign-in")
    def start_demo_session(member_id: str) -> tuple[Json, int]:
        return suite.start_session(member(member_id), request.json["device"]), 201

    @route("POST", "/v1/sessions/<session_id>/readings", "entitlements", "sign-in")
    def read_session(session_id: str) -> Json:
        live = suite.sessions.get(session_id)
        if live is None or member(live["member_id"])["state"] != "active":
            raise Refusal("session-ended", status=410)
        return {"account": suite.account, "member": member(live["member_id"]), "expires_at": live["expires_at"]}

    @route("DELETE", "/v1/sessions/<session_id>", "entitlements", "sign-in")
    def sign_out(session_id: str) -> tuple[str, int]:
        suite.sessions.pop(session_id, None)
        return "", 204

    @route("GET", f"{base}/members/<member_id>/sessions", "entitlements", "people")
    def sessions(member_id: str) -> Json:
        live = [one for one in suite.sessions.values() if one["member_id"] == member_id]
        return {"items": live, "next": None}

    @route("DELETE", f"{base}/members/<member_id>/sessions/<session_id>", "entitlements", "people")
    def end_session(member_id: str, session_id: str) -> tuple[str, int]:
        if suite.sessions.get(session_id, {}).get("member_id") != member_id:
            abort(404)
        del suite.sessions[session_id]
        return "", 204

    @route("DELETE", f"{base}/members/<member_id>/sessions", "entitlements", "people")
    def end_sessions(member_id: str) -> tuple[str, int]:
        for live in [one for one in suite.sessions.values() if one["member_id"] == member_id]:
            del suite.sessions[live["id"]]
        return "", 204

    @route("GET", "/v1/activation-codes/<code>", "entitlements", "activate")
    def code(code: str) -> Json:
        tried()
        owner = suite.codes.get(code) or abort(404)
        held = owner["license"] or abort(404)
        install = plan(held["plan"])["install"]
        shown = {name: owner[name] for name in ("id", "name", "email", "locale")}
        account = {"account_name": suite.account["name"], "account_time_zone": suite.account["time_zone"]}
        return {**account, "member": shown, "install": install, **held}

    @route("POST", "/v1/activations", "entitlements")
    def activate() -> tuple[Json, int]:
        tried()
        owner, device = suite.codes.get(request.json["code"]) or abort(404), request.json["device"]
        rows = suite.devices.get(owner["id"], [])
        if any(row["device"]["id"] == device["id"] and row["released_at"] for row in rows):
            raise Refusal("device-released")
        return suite.let_in(owner, device), 201

    @route("GET", f"{base}/notices", "notifier", "activity:read", "people")
    def notices() -> Json:
        return page([one for one in suite.notices if one["member_id"] == request.args.get("member")])

    @route("GET", f"{base}/activity", "notifier", "activity:read")
    def activity() -> Json:
        return page([one for one in suite.events if one["type"] == request.args.get("type", one["type"])])

    @route("GET", f"{base}/activity.csv", "notifier", "activity:read")
    def activity_csv() -> Response:
        if suite.limited:
            raise Refusal("too-many-requests", status=429, retry_after=suite.limited, limit="exports")
        chosen = [one for one in suite.events if one["type"] == request.args.get("type", one["type"])]
        rows = (f"{one['time']},{one['summary']}\r\n" for one in chosen)
        return Response("time,summary\r\n" + "".join(rows), mimetype="text/csv")

    return blueprint
