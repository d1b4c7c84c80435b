"""An account as the other services tell about it."""

from typing import Any

from kit import clock, cursors
from notifier.handlers import HANDLERS
from notifier.models import Notice
from service_fixtures import Source


class Acme:
    """An account, its people and the three services that tell about it."""

    def __init__(self) -> None:
        self.id, self.ada, self.elodie = clock.new_id(), clock.new_id(), clock.new_id()
        self.catalog, self.orders, self.entitlements = map(Source, ("catalog", "orders", "entitlements"))
        self.reader = cursors.Reader(HANDLERS)

    def hears(self, event: cursors.Arrived) -> cursors.Arrived:
        """The notifier applies the event; it must not fail."""
        self.reader.take([event], fresh=False)
        cursor = cursors.Cursor.get_by_id((event.source, event.subject))
        assert cursor.error is None, cursor.error
        return event

    def opens(self) -> None:
        names = {"en": "Pro", "fr": "Pro"}
        english = "Get https://download.example/pro and run it. Run the installer."
        install = {"en": english, "fr": "Lancez l’installateur."}
        plan = {"plan": "pro", "name": names, "install": install}
        self.hears(self.catalog.tells("plan.published", "pro", plan))
        eco = {**plan, "plan": "eco", "name": {"en": "Eco", "fr": "Éco"}}
        self.hears(self.catalog.tells("plan.published", "eco", eco))
        described = {"name": "Acme Ltd", "locale": "en_CA"}
        self.hears(self.entitlements.tells("account.opened", self.id, described))
        self.adds(self.ada, "ada@acme.example", "Ada Lovelace", "en")
        self.adds(self.elodie, "elodie@acme.example", "Élodie Tremblay", "fr")

    def adds(self, member_id: str, email: str, name: str, locale: str | None) -> None:
        data = {"member_id": member_id, "email": email, "name": name, "locale": locale}
        self.hears(self.entitlements.tells("member.added", self.id, data, actor=f"member:{self.ada}"))

    def pays(self, placed_by: str | None = None, **attributes: Any) -> cursors.Arrived:
        data = {
            "order_id": clock.new_id(),
            "number": "2026-0042",
            "currency": "CAD",
            "lines": [
                {"plan": "eco", "seats": 3, "unit_amount": 500, "amount": 1500},
                {"plan": "pro", "seats": 1, "unit_amount": 187500, "amount": 187500},
            ],
            "subtotal": 189000,
            "taxes": [],
            "total": 189000,
            "placed_by": placed_by or self.ada,
            "term": {"start": "2026-11-22", "end": "2026-12-22"},
            "payment": {"provider": "sandbox", "last4": "4242"},
        }
        return self.hears(self.orders.tells("order.paid", self.id, data, **attributes))

    def assigns(self, member_id: str, *, activated: bool = False, **attributes: Any) -> dict[str, Any]:
        data = {
            "license_id": clock.new_id(),
            "assignment_id": clock.new_id(),
            "member_id": member_id,
            "plan": "pro",
            "activated": activated,
        }
        attributes = {"actor": f"member:{self.ada}", **attributes}
        self.hears(self.entitlements.tells("license.assigned", self.id, data, **attributes))
        return data


def outcome() -> tuple[str, int, int]:
    """How far the one notice came: its state, attempts and doubts."""
    notice = Notice.get()
    return notice.state, notice.attempts, notice.doubts
