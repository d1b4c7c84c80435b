"""What people do: fill the cart, ask for a quote, order, pay, cancel; what time does to orders, and operators
to subscriptions."""

from orders.commands.buying import QuoteStale, forget_old_quotes, make_quote, place_order, renew_quote
from orders.commands.carts import empty_cart, fill_cart
from orders.commands.closing import cancel_order, close_overdue_orders
from orders.commands.paying import confirm_payment, pay_order, record_charge, settle_payments
from orders.commands.standings import lapse_subscription, restore_subscription, suspend_subscription

__all__ = [
    "QuoteStale",
    "cancel_order",
    "close_overdue_orders",
    "confirm_payment",
    "empty_cart",
    "fill_cart",
    "forget_old_quotes",
    "lapse_subscription",
    "make_quote",
    "pay_order",
    "place_order",
    "record_charge",
    "renew_quote",
    "restore_subscription",
    "settle_payments",
    "suspend_subscription",
]
