"""The payment providers behind domain.Provider: so far the sandbox, which keeps real books.

Its cards: 4242424242424242 pays; 4000000000000002 is declined; 4000000000009995 lacks funds;
4000002500003155 asks for 3-D Secure; 4000000000000077 settles later; 4000000000000119 is charged,
but the answer is lost. Full card numbers are compared and forgotten.
"""

from collections.abc import Mapping
from typing import NamedTuple

from kit import clock, db
from orders import domain
from orders.domain import Charge
from orders.models import SandboxCharge


class Script(NamedTuple):
    """What a sandbox card does when it is charged."""

    status: str
    reason: str | None = None
    answer_lost: bool = False


CARDS = {
    "4242424242424242": Script(domain.CAPTURED),
    "4000000000000002": Script(domain.DECLINED, "card-declined"),
    "4000000000009995": Script(domain.DECLINED, "insufficient-funds"),
    "4000002500003155": Script(domain.REQUIRES_ACTION),
    "4000000000000077": Script(domain.PROCESSING),
    "4000000000000119": Script(domain.CAPTURED, answer_lost=True),
}


class Sandbox:
    """Charges nobody; its books outlive a crash, so a lost answer can be asked for again."""

    name = "sandbox"
    cards = CARDS

    def __init__(self, settle_after: float = 5.0):
        self.settle_after = int(settle_after * clock.SECOND)

    def charge(self, attempt_id: str, amount: int, currency: str, card: str) -> Charge:
        """`amount` in minor units. The first call with an attempt id decides, every later one repeats it."""
        script = self.cards[card]
        now = clock.now()
        with db.atomic():
            SandboxCharge.insert(
                attempt_id=attempt_id,
                amount=amount,
                currency=currency,
                last4=card[-4:],
                status=script.status,
                reason=script.reason,
                settles_at=now + self.settle_after if script.status == domain.PROCESSING else None,
                created_at=now,
            ).on_conflict_ignore().execute()
            booked = SandboxCharge.get_by_id(attempt_id)
        if script.answer_lost:
            raise domain.ProviderAway("the sandbox was told to lose this answer")
        return Charge(booked.status, booked.reason)

    def confirm(self, attempt_id: str, accepted: bool) -> Charge:
        """The end of 3-D Secure; what is decided already stays so."""
        status, reason = (domain.CAPTURED, None) if accepted else (domain.DECLINED, "authentication-failed")
        with db.atomic():
            waiting = (SandboxCharge.attempt_id == attempt_id) & (
                SandboxCharge.status == domain.REQUIRES_ACTION
            )
            SandboxCharge.update(status=status, reason=reason).where(waiting).execute()
            return _charge(SandboxCharge.get_by_id(attempt_id))

    def find(self, attempt_id: str) -> Charge | None:
        with db.atomic():
            self._settle(attempt_id)
            booked = SandboxCharge.get_or_none(attempt_id=attempt_id)
            return None if booked is None else _charge(booked)

    def give_back(self, attempt_id: str) -> Charge:
        """Refund or call off; one that still settles is left alone until it has."""
        now = clock.now()
        with db.atomic():
            self._settle(attempt_id)
            barred = {
                "amount": 0,
                "currency": "",
                "last4": "",
                "status": domain.RETURNED,
                "reason": "not-charged",
            }
            SandboxCharge.insert(
                attempt_id=attempt_id, created_at=now, returned_at=now, **barred
            ).on_conflict_ignore().execute()
            takeable = SandboxCharge.status.in_((domain.CAPTURED, domain.REQUIRES_ACTION))
            returned = SandboxCharge.update(status=domain.RETURNED, reason="refunded", returned_at=now)
            returned.where((SandboxCharge.attempt_id == attempt_id) & takeable).execute()
            return _charge(SandboxCharge.get_by_id(attempt_id))

    def _settle(self, attempt_id: str) -> None:
        due = (SandboxCharge.status == domain.PROCESSING) & (SandboxCharge.settles_at <= clock.now())
        settled = SandboxCharge.update(status=domain.CAPTURED)
        settled.where((SandboxCharge.attempt_id == attempt_id) & due).execute()


def _charge(booked: SandboxCharge) -> Charge:
    return Charge(booked.status, booked.reason)


def available(settle_after: float) -> Mapping[str, domain.Provider]:
    """Every provider by its name."""
    return {"sandbox": Sandbox(settle_after)}
