"""The account's cart, which all its buyers share."""

from collections.abc import Container
from typing import Any

from kit import clock, db
from kit.errors import refuse
from orders import domain
from orders.models import Account, Cart, Plan

Versions = Container[str] | None  # those that the caller has seen; None when it did not say


def fill_cart(
    account_id: str,
    interval: str,
    lines: list[dict[str, Any]],
    *,
    currency: str | None,
    seen: Versions,
    member_id: str,
) -> Cart:
    """Replace the cart; refused when somebody else changed it since `seen`."""
    with db.atomic():
        Account.locked(account_id).check_currency(currency)
        known = {plan.code for plan in Plan.select(Plan.code)}
        for number, line in enumerate(lines):
            if line["plan"] not in known:
                domain.refuse_field("plan-unknown", f"lines.{number}.plan", f"There is no plan {line['plan']}.")
        return _replace(account_id, seen, interval=interval, lines=lines, changed_by=member_id)


def empty_cart(account_id: str, seen: Versions, member_id: str) -> Cart:
    """Take everything out; refused when somebody else changed the cart since `seen`."""
    with db.atomic():
        Account.locked(account_id)
        return _replace(account_id, seen, lines=[], changed_by=member_id)


def _replace(account_id: str, seen: Versions, **content: Any) -> Cart:
    Cart.insert(account=account_id).on_conflict_ignore().execute()
    cart: Cart = Cart.get_by_id(account_id)
    if seen is not None and str(cart.version) not in seen:
        at = None if cart.changed_at is None else clock.to_text(cart.changed_at)
        current = {
            "interval": cart.interval,
            "lines": cart.lines,
            "changed_by": cart.changed_by,
            "changed_at": at,
        }
        refuse("cart-changed", "Somebody else changed the cart meanwhile.", status=412, cart=current)
    for name, value in content.items():
        setattr(cart, name, value)
    cart.version, cart.changed_at = cart.version + 1, clock.now()
    cart.save()
    return cart
