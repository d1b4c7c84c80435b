"""Home: what is owned, what is to do, what happened last; or the own license, for people who manage nothing."""

from flask import Blueprint, g, render_template
from flask_babel import get_locale

from portal import sections, session

blueprint = Blueprint("home", __name__)

RECENT = 6
OPEN_ORDERS = ("awaiting_payment", "requires_action")


@blueprint.get("/")
@session.signed_in
def home() -> str:
    return _manager() if g.me.manages else _member()


def _manager() -> str:
    suite, may, language = session.suite(), g.me.may, str(get_locale())[:2]
    page = sections.read(
        pools=suite.entitlements.pools,
        unlicensed=(lambda: suite.entitlements.members(plan="none", state="active", limit=100))
        if may("people", "licenses")
        else None,
        orders=suite.orders.orders if may("purchase", "billing") else None,
        activity=(lambda: suite.notifier.activity(limit=RECENT, language=language))
        if may("activity:read")
        else None,
    )
    orders = page.orders.or_else({"items": []})["items"] if page.orders else []
    waiting = [order for order in orders if order["status"] in OPEN_ORDERS]
    plans = session.services().catalog.plans()
    return render_template("home/manager.html", page=page, waiting=waiting, ranks=list(plans))


def _member() -> str:
    entitlements = session.suite().entitlements
    page = sections.read(mine=lambda: entitlements.member(g.me.id))
    held = page.mine.or_else({}).get("license")
    plan = session.services().catalog.plan(held["plan"]) if held else None
    return render_template("home/member.html", page=page, license=held, plan=plan)
