"""What people ask: what they can buy, cart, orders, subscriptions; and whether all of it adds up."""

from orders.queries.purchases import cart, offers, order, orders, standings, subscriptions
from orders.queries.verify import differences

__all__ = ["cart", "differences", "offers", "order", "orders", "standings", "subscriptions"]
