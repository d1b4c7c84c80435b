"""Subscriptions in grace or suspended, as orders tells. Whoever holds their licenses keeps them; all that
changes is what the licenses allow, which is announced for each of them."""

from collections.abc import Callable
from typing import Any

import peewee

from entitlements import events
from entitlements.domain import ACTIVE, SUSPENDED
from entitlements.models import (
    GRANTED,
    IN_FORCE,
    LIVE,
    Account,
    Assignment,
    License,
    Plan,
    PlanVersion,
    Restriction,
)
from kit import db, outbox


def note_status(account_id: str, told: dict[str, Any], sequence: int) -> None:
    """Inside the transaction of event `sequence` of orders; the same status again changes nothing."""
    subscription, status = told["subscription_id"], told["status"]
    former = Restriction.status_of(subscription)
    if status == former:
        return
    here = (Restriction.subscription_id == subscription) & IN_FORCE
    Restriction.update(until=sequence).where(here).execute()
    if status != ACTIVE:
        kept = {"interval": told["interval"], "status": status, "since": sequence}
        Restriction.create(subscription_id=subscription, account=account_id, **kept)
    _tell_holders(account_id, subscription, former, status)


def undo_statuses(source: str, subject: str, sequence: int) -> list[str]:
    """What orders told of the account after `sequence`, and after a restore tells no longer, counts no more.
    One sentence for each subscription that stands otherwise."""
    if source != "orders":
        return []
    with db.atomic():
        db.locked(Account.select().where(Account.id == subject)).first()
        here, later = Restriction.account == subject, Restriction.since > sequence
        undone = Restriction.select().where(here & (later | (Restriction.until > sequence)))
        former = {
            (row.subscription_id, row.interval): Restriction.status_of(row.subscription_id) for row in undone
        }
        Restriction.delete().where(here & later).execute()
        Restriction.update(until=None).where(here & (Restriction.until > sequence)).execute()
        said = []
        for (subscription, interval), was in former.items():
            status = Restriction.status_of(subscription)
            if status != was:
                _tell_holders(subject, subscription, was, status)
                said.append(f"  the subscription by the {interval} was {was}, and is {status} again")
        return said


def _tell_holders(account_id: str, subscription_id: str, former: str, status: str) -> None:
    granted = (
        Assignment.select(Assignment, Plan.rank, PlanVersion.features, peewee.Value(status).alias("status"))
        .join(License)
        .join(PlanVersion, on=GRANTED)
        .join(Plan, on=Plan.code == License.plan)
        .where((Assignment.account == account_id) & LIVE & (License.subscription_id == subscription_id))
        .order_by(Assignment.id)
    )
    outbox.add(*map(_announcing(former, status), granted.objects()))


def _announcing(former: str, status: str) -> Callable[[Assignment], outbox.Event]:
    if status == SUSPENDED:
        return events.license_suspended
    return events.license_restored if former == SUSPENDED else events.license_changed
