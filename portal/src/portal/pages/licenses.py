"""Management of licenses and Purchases: packages, the summary, and the licenses that are owned."""

from typing import Any

from flask import Blueprint, abort, g, render_template, request
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from portal import forms, problems, sections, session
from portal.clients import Json, Problem
from portal.clients.orders import Orders
from portal.words import plan_name, told

blueprint = Blueprint("licenses", __name__)

MOST_SEATS = 10_000  # of one plan in one order


@blueprint.get("/licenses")
@session.allow("purchase", "billing", "licenses")
def overview() -> str:
    suite, buys, assigns = session.suite(), g.me.may("purchase"), g.me.may("licenses")
    page = sections.read(
        offers=suite.orders.offers if buys else None,
        summary=(lambda: _summary(suite.orders)) if buys else None,
        pools=suite.entitlements.pools,
        parkings=suite.entitlements.parkings if assigns else None,
        subscriptions=suite.orders.subscriptions if g.me.may("purchase", "billing") else None,
    )
    renewals: dict[str, list[tuple[str, str]]] = {}
    for subscription in page.subscriptions.or_else([]) if page.subscriptions else []:
        for item in subscription["items"]:
            renewals.setdefault(item["plan"], []).append(
                (subscription["interval"], subscription["term"]["end"])
            )
    return render_template(
        "licenses/overview.html",
        page=page,
        renewals=renewals,
        wanted=request.args.get("plan", ""),
        interval=_interval(page.summary),
    )


def _summary(orders: Orders) -> Json:
    """The cart and what it costs; a quote that is refused says why and leaves the cart editable."""
    cart = orders.cart()
    quote, refused, owned = None, None, {}
    if cart["lines"]:
        try:
            quote = orders.quote()
            owned = orders.renewed(quote["interval"])
        except Problem as problem:
            refused = problem
    return {"cart": cart, "quote": quote, "refused": refused, "owned": owned}


def _interval(summary: sections.Section | None) -> str:
    known: dict[str, Any] = summary.or_else({}) if summary else {}
    return str(known.get("cart", {}).get("interval") or "month")


@blueprint.post("/licenses/cart/lines")
@session.allow("purchase")
def add() -> Response:
    """Put seats of a plan into the summary, on top of those already there."""
    plan = request.form.get("plan", "")
    here = f"/licenses?plan={forms.quoted('/' + plan)[1:]}"
    seats = forms.whole("seats", 1, MOST_SEATS)
    if seats is None:
        said = gettext("Enter a whole number from 1 to %(most)s.", most=MOST_SEATS)
        return forms.back(here, gettext("Nothing was added."), {f"seats-{plan}": said})
    try:
        _add(plan, seats)
    except Problem as problem:
        return forms.back(here, problems.text(problem))
    added = ngettext("%(num)s license", "%(num)s licenses", seats)
    forms.toast(gettext("%(licenses)s of %(plan)s added to the summary.", licenses=added, plan=plan_name(plan)))
    return forms.to("/licenses#summary")


def _add(plan: str, seats: int, tries: int = 3) -> None:
    """Adding does not mind who else changed the cart, so a conflict only means trying again."""
    orders = session.suite().orders
    cart = orders.cart()
    lines = {line["plan"]: line["seats"] for line in cart["lines"]}
    lines[plan] = lines.get(plan, 0) + seats
    try:
        orders.replace_cart(cart["interval"] or "month", _lines(lines), cart["etag"])
    except Problem as problem:
        if problem.code != "cart-changed" or tries == 1:
            raise
        _add(plan, seats, tries - 1)


@blueprint.post("/licenses/cart")
@session.allow("purchase")
def change() -> Response:
    """Save the summary as it stands in the form; then stay, or go on to the checkout."""
    then = request.form.get("then", "")
    lines, errors = {}, {}
    for name in request.form:
        if name.startswith("line-"):
            seats = forms.whole(name, 0, MOST_SEATS)
            lines[name.removeprefix("line-")] = seats
            if seats is None:
                errors[name] = gettext("Enter a whole number from 0 to %(most)s.", most=MOST_SEATS)
    lines.pop(then.removeprefix("remove-"), None)
    errors.pop(f"line-{then.removeprefix('remove-')}", None)
    if errors:
        return forms.back("/licenses#summary", gettext("The summary was not changed."), errors)
    chosen = {plan: seats for plan, seats in lines.items() if seats}
    try:
        _save(_typed_interval(), chosen)
    except Problem as problem:
        said = _conflict(problem, chosen) if problem.code == "cart-changed" else problems.text(problem)
        return forms.back("/licenses#summary", said)
    return forms.to("/checkout" if then == "checkout" and chosen else "/licenses#summary")


def _typed_interval() -> str:
    return "year" if request.form.get("interval") == "year" else "month"


def _save(interval: str, lines: dict[str, int]) -> None:
    """Replace the cart; what the same person changed meanwhile (a second click) is no conflict."""
    orders, etag = session.suite().orders, request.form.get("etag", "")
    try:
        orders.replace_cart(interval, _lines(lines), etag)
    except Problem as problem:
        if (problem.facts.get("cart") or {}).get("changed_by") != g.me.id:
            raise
        orders.replace_cart(interval, _lines(lines), "")


def _conflict(problem: Problem, yours: dict[str, int]) -> str:
    """Who changed the cart meanwhile, and both versions; what was typed stays in the form."""
    cart = problem.facts.get("cart") or {"lines": []}
    return gettext(
        "%(who)s changed the summary meanwhile to: %(theirs)s. "
        "Yours was: %(yours)s. Check it and press Update.",
        who=_name_of(cart.get("changed_by")),
        theirs=told({line["plan"]: line["seats"] for line in cart["lines"]}),
        yours=told(yours),
    )


def _name_of(member_id: str | None) -> str:
    try:
        return str(session.suite().entitlements.member(str(member_id))["name"])
    except Problem:
        return gettext("Somebody else")


def _lines(seats_by_plan: dict[str, int]) -> list[Json]:
    return [{"plan": plan, "seats": seats} for plan, seats in seats_by_plan.items()]


@blueprint.get("/licenses/<plan>/removal")
@session.allow("licenses")
def removal(plan: str) -> str:
    entitlements = session.suite().entitlements
    page = sections.read(
        pools=entitlements.pools, holders=lambda: entitlements.members(plan=plan, state="active", limit=50)
    )
    pool = page.pools.or_else({}).get(plan)
    if page.pools.ok and pool is None:
        abort(404)
    return render_template("licenses/removal.html", plan=plan, pool=pool, page=page)


@blueprint.post("/licenses/<plan>/removal")
@session.allow("licenses")
def remove(plan: str) -> Response:
    """Park free seats: paid to the end of the term, not renewed, and undone at no cost."""
    here = f"/licenses/{plan}/removal"
    seats = forms.whole("seats", 1, MOST_SEATS)
    if seats is None:
        said = gettext("Enter a whole number from 1 to %(most)s.", most=MOST_SEATS)
        return forms.back(here, gettext("Nothing was removed."), {"seats": said})
    try:
        parking = session.suite().entitlements.park(plan, _typed_interval(), seats, forms.key())
    except Problem as problem:
        return forms.back(here, problems.text(problem))
    removed = ngettext(
        "%(num)s license of %(plan)s will not be renewed.",
        "%(num)s licenses of %(plan)s will not be renewed.",
        seats,
        plan=plan_name(plan),
    )
    forms.toast(removed, undo=f"/licenses/parkings/{parking['id']}/undo")
    return forms.to("/licenses#owned")


@blueprint.post("/licenses/parkings/<parking_id>/undo")
@session.allow("licenses")
def undo_removal(parking_id: str) -> Response:
    try:
        session.suite().entitlements.unpark(parking_id)
    except Problem as problem:
        forms.toast(problems.text(problem), kind="failed")
    else:
        forms.toast(gettext("The licenses are back and will be renewed."))
    return forms.to("/licenses#owned")
