"""Removing seats at renewal: they are parked now, cannot be assigned, and end with the term."""

from typing import Any

import peewee

from entitlements import domain, events
from entitlements.models import LIVE, Account, Assignment, License, Member, Parking, Plan, Pool
from kit import clock, db, outbox
from kit.errors import Refusal, not_found

NAMED_HOLDERS = 100


def park_seats(account_id: str, plan: str, interval: str, seats: int) -> Parking:
    """Park that many free seats; refused, naming the holders, when fewer are free."""
    with db.atomic():
        Account.locked(account_id)
        Plan.known(plan)
        here = (Pool.account == account_id) & (Pool.plan == plan) & (Pool.interval == interval)
        pool = Pool.get_or_none(here)
        if pool is None or pool.free < seats:
            raise _seats_assigned(account_id, plan, interval, pool.free if pool else 0)
        parking = Parking.create(account=account_id, plan=plan, interval=interval, seats=seats)
        _set_state(_free_seats(parking), domain.PARKED, parking.id)
        total = Pool.move(account_id, plan, interval, free=-seats, parked=+seats)
        parking.parked = pool.parked + seats
        outbox.add(events.seats_parked(parking, seats, parking.parked, total))
        return parking


def unpark_seats(account_id: str, parking_id: str) -> None:
    """Undo a parking: its seats are free again."""
    with db.atomic():
        Account.locked(account_id)
        here = (Parking.id == parking_id) & (Parking.account == account_id) & Parking.undone_at.is_null()
        parking = Parking.get_or_none(here) or not_found("parking", parking_id=parking_id)
        seats = _set_state(License.parking == parking.id, domain.FREE, None)
        parking.undone_at = clock.now()
        parking.save()
        total = Pool.move(account_id, parking.plan, parking.interval, parked=-seats, free=+seats)
        parked = Pool.get_by_id((account_id, parking.plan, parking.interval)).parked
        outbox.add(events.seats_unparked(parking, seats, parked, total))


def _free_seats(parking: Parking) -> Any:
    """The newest ones: the oldest are the next to be given."""
    same = (License.account == parking.account_id) & (License.plan == parking.plan)
    free = same & (License.interval == parking.interval) & (License.state == domain.FREE)
    newest = License.select(License.id).where(free).order_by(License.term_end, License.id.desc())
    return License.id.in_(newest.limit(parking.seats))


def _set_state(which: Any, state: str, parking_id: str | None) -> int:
    return int(License.update(state=state, parking=parking_id).where(which).execute())


def _seats_assigned(account_id: str, plan: str, interval: str, free: int) -> Refusal:
    """Name who holds the seats, so that the person can decide whose to take first."""
    holders = (
        Member.select(Member.id, Member.name)
        .join(Assignment, on=(Assignment.member == Member.id) & LIVE)
        .join(License, peewee.JOIN.INNER, on=(Assignment.license == License.id))
        .where((License.account == account_id) & (License.plan == plan) & (License.interval == interval))
        .order_by(Member.known_as, Member.id)
        .limit(NAMED_HOLDERS)
    )
    named = [{"member_id": holder.id, "name": holder.name} for holder in holders]
    return Refusal(
        "seats-assigned", f"Only {free} seats are free; the others are assigned.", free=free, holders=named
    )
