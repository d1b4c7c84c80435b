"""Routes of orders: offers, cart, quotes, orders, payment, subscriptions of one account."""

import re
from typing import Any
from uuid import UUID

from flask import Response, current_app, request
from werkzeug.datastructures import ETags

from kit import auth, idempotency, limits, schema, web
from kit.errors import Refusal, refuse
from orders import commands, queries, schemas
from orders.models import Cart, Order, Quote

blueprint = web.Blueprint(
    "orders", __name__, url_prefix="/v1/accounts/<uuid:account_id>", description="Buying seats for an account"
)
TAG = r'(?:W/)?"[!#-~]*"'
TAGS = re.compile(rf"\s*(?:\*|{TAG}(?:\s*,\s*{TAG})*)\s*")  # RFC 9110, 13.1.1
ETAG = {"ETag": {"schema": {"type": "string"}, "description": "The version of the cart."}}
IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": "The ETag that was seen; without it the change is made whatever the cart holds.",
}
CartAnswer = tuple[dict[str, Any], int, dict[str, str]]


@blueprint.errorhandler(commands.QuoteStale)
def show_renewed_quote(stale: commands.QuoteStale) -> Response:
    """The confirmation is rolled back by now; the renewed quote is stored and can be ordered."""
    try:
        fresh = commands.renew_quote(stale.quote)
    except Refusal as error:
        return web.problem(error.status, error.code, error.detail, **error.facts)
    return web.problem(stale.status, stale.code, stale.detail, quote=schemas.Quote().dump(fresh))


@blueprint.get("/offers")
@auth.allow("purchase", "billing")
@blueprint.response(200, schema.page_of(schemas.Offer))
def list_offers(account_id: UUID) -> dict[str, Any]:
    """The plans sold today in the account's currency, by rank."""
    return {"items": queries.offers(str(account_id)), "next": None}


@blueprint.get("/cart")
@auth.allow("purchase", "billing")
@blueprint.response(200, schemas.Cart, headers=ETAG)
def get_cart(account_id: UUID) -> CartAnswer:
    """The account's one cart; its ETag goes into If-Match of a change."""
    return _cart(queries.cart(str(account_id)))


@blueprint.put("/cart")
@auth.allow("purchase")
@blueprint.arguments(schemas.WantedCart)
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.response(200, schemas.Cart, headers=ETAG)
def fill_cart(wanted: dict[str, Any], account_id: UUID) -> CartAnswer:
    """Replace the cart; with If-Match 412 `cart-changed` when somebody else changed it meanwhile."""
    return _cart(commands.fill_cart(str(account_id), **wanted, seen=_seen(), member_id=auth.caller().id))


@blueprint.delete("/cart")
@auth.allow("purchase")
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.response(204)
def empty_cart(account_id: UUID) -> None:
    """Take everything out of the cart."""
    commands.empty_cart(str(account_id), _seen(), auth.caller().id)


def _seen() -> ETags | None:
    """The versions of the cart that the caller has seen, if it says so.

    Proxies that compress weaken tags (RFC 9110, 8.8.1): a weak one names the same version of the cart.
    """
    if "If-Match" not in request.headers:
        return None
    if not TAGS.fullmatch(request.headers["If-Match"]):
        refuse("tag-invalid", 'If-Match is the ETag of the cart in its quotes, such as "7".', status=412)
    named = request.if_match
    return ETags(named.as_set(include_weak=True), star_tag=named.star_tag)


def _cart(cart: Cart) -> CartAnswer:
    content = {"interval": cart.interval, "currency": cart.account.currency, "lines": cart.lines}
    changed = {"changed_by": cart.changed_by, "changed_at": cart.changed_at}
    return {**content, **changed}, 200, {"ETag": f'"{cart.version}"'}


@blueprint.post("/quotes")
@auth.allow("purchase")
@limits.per_principal("600/minute", name="quotes")
@idempotency.once
@blueprint.arguments(schemas.WantedQuote)
@blueprint.response(201, schemas.Quote)
def make_quote(wanted: dict[str, Any], account_id: UUID) -> Quote:
    """What these lines cost today (the cart's, if none are given), and the whole at renewal."""
    return commands.make_quote(str(account_id), **wanted)


@blueprint.post("/orders")
@auth.allow("purchase")
@idempotency.once
@blueprint.arguments(schemas.Placement)
@blueprint.response(201, schemas.Order)
def place_order(placement: dict[str, Any], account_id: UUID) -> Order:
    """Confirm a quote. 409 `quote-stale` carries a fresh quote when it would be another one by now."""
    return commands.place_order(str(account_id), placement["quote_id"], auth.caller().id)


@blueprint.get("/orders")
@auth.allow("purchase", "billing")
@blueprint.arguments(schemas.OrdersQuery, location="query")
@blueprint.response(200, schema.page_of(schemas.Order))
def list_orders(query: dict[str, Any], account_id: UUID) -> dict[str, Any]:
    """The account's orders, newest first."""
    found = queries.orders(str(account_id), query["cursor"], query["limit"])
    return {"items": found, "next": found[-1].id if len(found) == query["limit"] else None}


@blueprint.get("/orders/<uuid:order_id>")
@auth.allow("purchase", "billing")
@blueprint.response(200, schemas.Order)
def get_order(account_id: UUID, order_id: UUID) -> Order:
    """One order and how far it came."""
    return queries.order(str(account_id), str(order_id))


@blueprint.post("/orders/<uuid:order_id>/payment")
@auth.allow("purchase")
@blueprint.arguments(schemas.Payment)
@blueprint.arguments(schemas.PaymentHeaders, location="headers")
@blueprint.response(200, schemas.PaymentAnswer)
def pay_order(
    payment: dict[str, Any], headers: dict[str, Any], account_id: UUID, order_id: UUID
) -> dict[str, Any]:
    """Pay once: pressed again meanwhile or later, it answers with the state of the payment."""
    provider = current_app.extensions["providers"].get(payment["provider"])
    if provider is None:
        refuse("provider-unknown", "This installation takes no payments through it.", status=422)
    card = payment["card"].replace(" ", "").replace("-", "")
    return commands.pay_order(str(account_id), str(order_id), provider, card, headers["key"])


@blueprint.post("/orders/<uuid:order_id>/payment/confirmation")
@auth.allow("purchase")
@blueprint.arguments(schemas.Confirmation)
@blueprint.response(200, schemas.PaymentAnswer)
def confirm_payment(confirmation: dict[str, Any], account_id: UUID, order_id: UUID) -> dict[str, Any]:
    """The end of 3-D Secure with the sandbox."""
    accepted = confirmation["outcome"] == "accepted"
    return commands.confirm_payment(
        str(account_id), str(order_id), current_app.extensions["providers"], accepted
    )


@blueprint.post("/orders/<uuid:order_id>/cancellation")
@auth.allow("purchase")
@idempotency.once
@blueprint.response(201, schemas.Order)
def cancel_order(account_id: UUID, order_id: UUID) -> Order:
    """Give up an order that is not paid."""
    return commands.cancel_order(str(account_id), str(order_id))


@blueprint.get("/subscriptions")
@auth.allow("purchase", "billing")
@blueprint.response(200, schema.page_of(schemas.Subscription))
def list_subscriptions(account_id: UUID) -> dict[str, Any]:
    """What the account holds, one subscription per interval."""
    return {"items": queries.subscriptions(str(account_id)), "next": None}
