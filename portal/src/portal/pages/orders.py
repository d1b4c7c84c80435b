"""Orders: all of them, one with its timeline, another card, the bank's confirmation."""

from flask import Blueprint, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal import forms, problems, sections, session
from portal.clients import Problem
from portal.pages import checkout

blueprint = Blueprint("orders", __name__)

UNSETTLED = ("processing", "paid")  # the page looks again by itself
PAYABLE = ("awaiting_payment",)


@blueprint.get("/orders")
@session.allow("purchase", "billing")
def index() -> str:
    orders = session.suite().orders
    page = sections.read(orders=lambda: orders.orders(request.args.get("cursor", "")))
    return render_template("orders/index.html", page=page)


@blueprint.get("/orders/<order_id>")
@session.allow("purchase", "billing")
def show(order_id: str) -> str:
    orders = session.suite().orders
    page = sections.read(order=lambda: orders.order(order_id))
    order = page.order.value
    turning = page.order.problem is not None or order["status"] in UNSETTLED
    return render_template("orders/show.html", page=page, order=order, turning=turning, order_id=order_id)


@blueprint.get("/orders/<order_id>/payment")
@session.allow("purchase")
def payment(order_id: str) -> str | Response:
    order = session.suite().orders.order(order_id)
    if order["status"] not in PAYABLE:
        return forms.to(f"/orders/{order_id}")
    return render_template("orders/payment.html", order=order)


@blueprint.post("/orders/<order_id>/payment")
@session.allow("purchase")
def pay(order_id: str) -> Response:
    return checkout.charge(order_id, forms.key())


@blueprint.get("/orders/<order_id>/confirmation")
@session.allow("purchase")
def confirmation(order_id: str) -> str | Response:
    order = session.suite().orders.order(order_id)
    if order["status"] != "requires_action":
        return forms.to(f"/orders/{order_id}")
    return render_template("orders/confirmation.html", order=order)


@blueprint.post("/orders/<order_id>/confirmation")
@session.allow("purchase")
def confirm(order_id: str) -> Response:
    """The buyer's word to the bank: it was me, or it was not."""
    outcome = "accepted" if request.form.get("outcome") == "accepted" else "refused"
    try:
        answer = session.suite().orders.confirm(order_id, outcome)
    except Problem as problem:
        if problem.unreachable:
            return forms.back(f"/orders/{order_id}/confirmation", problems.text(problem))
        return forms.to(f"/orders/{order_id}")
    return checkout.after_payment(order_id, answer)


@blueprint.post("/orders/<order_id>/cancellation")
@session.allow("purchase")
def cancel(order_id: str) -> Response:
    try:
        session.suite().orders.cancel(order_id)
    except Problem as problem:
        forms.toast(problems.text(problem), kind="failed")
    else:
        forms.toast(gettext("The order is canceled. Nothing was charged."))
    return forms.to(f"/orders/{order_id}")
