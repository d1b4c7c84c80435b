"""The API of orders, for one account: offers, cart, quotes, orders, payments."""

from portal.clients.http import Api, Json

PAYMENT_TIMEOUT = 25.0  # seconds; a card's bank may take its time


class Orders:
    def __init__(self, api: Api, account: str):
        self.api = api
        self.base = f"/v1/accounts/{account}"

    def offers(self) -> list[Json]:
        found: list[Json] = self.api.get(f"{self.base}/offers")["items"]
        return sorted(found, key=lambda offer: offer["rank"])

    def cart(self) -> Json:
        """The account's cart with its `etag`."""
        cart, headers = self.api.send("GET", f"{self.base}/cart")
        return {**cart, "etag": headers.get("ETag", "")}

    def replace_cart(self, interval: str, lines: list[Json], etag: str) -> None:
        """Replace the cart; 412 `cart-changed` when somebody else changed it since `etag` (if given)."""
        headers = {"If-Match": etag} if etag else {}
        if lines:
            body = {"interval": interval, "lines": lines}
            self.api.send("PUT", f"{self.base}/cart", json=body, headers=headers)
        else:
            self.api.send("DELETE", f"{self.base}/cart", headers=headers)

    def quote(self) -> Json:
        """A quote for what is in the cart."""
        return self.api.post(f"{self.base}/quotes", {})

    def place(self, quote_id: str, key: str) -> Json:
        return self.api.post(f"{self.base}/orders", {"quote_id": quote_id}, key=f"{key}-order")

    def pay(self, order_id: str, card: str, key: str) -> Json:
        body = {"provider": "sandbox", "card": card}
        path = f"{self.base}/orders/{order_id}/payment"
        return self.api.post(path, body, key=f"{key}-payment", timeout=PAYMENT_TIMEOUT)

    def confirm(self, order_id: str, outcome: str) -> Json:
        """The buyer's word on 3-D Secure: `accepted` or `refused`."""
        path = f"{self.base}/orders/{order_id}/payment/confirmation"
        return self.api.post(path, {"outcome": outcome}, timeout=PAYMENT_TIMEOUT)

    def cancel(self, order_id: str) -> Json:
        return self.api.post(f"{self.base}/orders/{order_id}/cancellation", {})

    def orders(self, cursor: str = "") -> Json:
        return self.api.get(f"{self.base}/orders", cursor=cursor)

    def order(self, order_id: str) -> Json:
        return self.api.get(f"{self.base}/orders/{order_id}")

    def subscriptions(self) -> list[Json]:
        found: list[Json] = self.api.get(f"{self.base}/subscriptions")["items"]
        return found

    def renewed(self, interval: str) -> dict[str, int]:
        """Seats by plan that are owned already and will be renewed each such interval."""
        here = (one for one in self.subscriptions() if one["interval"] == interval)
        counted = ((item["plan"], item["quantity"] - item["parked"]) for one in here for item in one["items"])
        return {plan: seats for plan, seats in counted if seats > 0}
