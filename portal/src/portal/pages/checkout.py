"""Confirm and pay: from the summary to a paid order."""

import re

from flask import Blueprint, render_template, request
from flask import session as cookie
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal import forms, problems, sections, session
from portal.clients import Json, Problem
from portal.clients.orders import Orders

blueprint = Blueprint("checkout", __name__)

NOT_PAYABLE = ("order-state", "payment-window-over")  # the order's own page says what became of it


@blueprint.get("/checkout")
@session.allow("purchase")
def confirm() -> str:
    """What will be paid, by a fresh quote; beside it the amount shown before, when the price moved."""
    orders = session.suite().orders
    page = sections.read(quote=lambda: _quote_or_refusal(orders))
    stale = cookie.pop("stale", None)
    return render_template("checkout/confirm.html", page=page, stale=stale)


def _quote_or_refusal(orders: Orders) -> Json:
    try:
        quote = orders.quote()
        return {"quote": quote, "refused": None, "owned": orders.renewed(quote["interval"])}
    except Problem as problem:
        if problem.unreachable:
            raise
        return {"quote": None, "refused": problem}


@blueprint.post("/checkout")
@session.allow("purchase")
def pay() -> Response:
    """Place the order and pay it. The form's key makes a second click the same order and the same charge."""
    key = forms.key()
    try:
        order = session.suite().orders.place(request.form.get("quote_id", ""), key)
    except Problem as problem:
        if problem.code == "quote-stale":
            cookie["stale"] = {
                "total": request.form.get("total", "")[:20],
                "at_renewal": request.form.get("at_renewal", "")[:20],
                "currency": request.form.get("currency", "")[:3],
            }
        if problem.code in ("change-in-progress", "quote-used"):
            return _to_open_order(problem)
        return forms.back("/checkout", problems.text(problem))
    return charge(order["id"], key)


def _to_open_order(problem: Problem) -> Response:
    """One order at a time, and one per quote: show the one there is."""
    forms.toast(problems.text(problem), kind="failed")
    found = problem.facts.get("order_id")
    return forms.to(f"/orders/{found}" if found else "/orders")


def charge(order_id: str, key: str) -> Response:
    """Try the chosen card once, and lead to the page that says how it went."""
    card = re.sub(r"[^0-9]", "", request.form.get("card", ""))[:19]
    try:
        answer = session.suite().orders.pay(order_id, card, key)
    except Problem as problem:
        if problem.unreachable:
            forms.toast(
                gettext(
                    "There is no answer about the payment yet. "
                    "Do not pay again: this page shows it when it comes."
                ),
                kind="failed",
            )
            return forms.to(f"/orders/{order_id}")
        if problem.code in NOT_PAYABLE:
            return forms.to(f"/orders/{order_id}")
        return forms.back(f"/orders/{order_id}/payment", problems.text(problem))
    return after_payment(order_id, answer)


def after_payment(order_id: str, answer: Json) -> Response:
    if answer["status"] == "requires_action":
        return forms.to(f"/orders/{order_id}/confirmation")
    if answer["status"] == "declined":
        return forms.back(f"/orders/{order_id}/payment", _declined(str(answer.get("reason") or "")))
    return forms.to(f"/orders/{order_id}")


def _declined(reason: str) -> str:
    code = reason.replace("-", "_").removeprefix("card_")
    reasons = {
        "insufficient_funds": gettext("The card has not enough funds. Nothing was charged; try another card."),
        "expired": gettext("The card has expired. Nothing was charged; try another card."),
        "authentication_failed": gettext("The payment was refused at the confirmation. Nothing was charged."),
        "refused": gettext("The payment was refused at the confirmation. Nothing was charged."),
    }
    return reasons.get(code, gettext("The bank declined the card. Nothing was charged; try another card."))
