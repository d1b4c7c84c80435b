"""The API of orders, for one account: offers, cart, quotes, orders, payments."""

from kit.paths import Path
from portal.clients.http import Api, Json, path_to

PAYMENT_TIMEOUT = 25.0  # seconds; a card's bank may take its time


class Orders:
    def __init__(self, api: Api, account: str):
        self.api = api
        self._account = account

    def at(self, *segments: str) -> Path:
        return path_to("accounts", self._account, *segments)

    def offers(self) -> list[Json]:
        found: list[Json] = self.api.get(self.at("offers"))["items"]
        return sorted(found, key=lambda offer: offer["rank"])

    def cart(self) -> Json:
        """The account's cart with its `etag`."""
        cart, headers = self.api.send("GET", self.at("cart"))
        return {**cart, "etag": headers.get("ETag", "")}

    def replace_cart(self, interval: str, lines: list[Json], etag: str) -> None:
        """Replace the cart; 412 `cart-changed` when somebody else changed it since `etag` (if given)."""
        headers = {"If-Match": etag} if etag else {}
        if lines:
            body = {"interval": interval, "lines": lines}
            self.api.send("PUT", self.at("cart"), json=body, headers=headers)
        else:
            self.api.send("DELETE", self.at("cart"), headers=headers)

    def quote(self) -> Json:
        """A quote for what is in the cart."""
        return self.api.post(self.at("quotes"), {})

    def place(self, quote_id: str, key: str) -> Json:
        return self.api.post(self.at("orders"), {"quote_id": quote_id}, key=f"{key}-order")

    def pay(self, order_id: str, card: str, key: str) -> Json:
        body = {"provider": "sandbox", "card": card}
        path = self.at("orders", order_id, "payment")
        return self.api.post(path, body, key=f"{key}-payment", timeout=PAYMENT_TIMEOUT)

    def confirm(self, order_id: str, outcome: str) -> Json:
        """The buyer's word on 3-D Secure: `accepted` or `refused`."""
        path = self.at("orders", order_id, "payment", "confirmation")
        return self.api.post(path, {"outcome": outcome}, timeout=PAYMENT_TIMEOUT)

    def cancel(self, order_id: str) -> Json:
        return self.api.post(self.at("orders", order_id, "cancellation"), {})

    def orders(self, cursor: str = "") -> Json:
        return self.api.get(self.at("orders"), cursor=cursor)

    def order(self, order_id: str) -> Json:
        return self.api.get(self.at("orders", order_id))

    def subscriptions(self) -> list[Json]:
        found: list[Json] = self.api.get(self.at("subscriptions"))["items"]
        return found

    def renewed(self, interval: str) -> dict[str, int]:
        """Seats by plan that are owned already and will be renewed each such interval."""
        here = (one for one in self.subscriptions() if one["interval"] == interval)
        counted = ((item["plan"], item["quantity"] - item["parked"]) for one in here for item in one["items"])
        return {plan: seats for plan, seats in counted if seats > 0}
