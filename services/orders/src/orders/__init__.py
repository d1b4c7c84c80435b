"""Cart, quotes, orders, payments and subscriptions."""
