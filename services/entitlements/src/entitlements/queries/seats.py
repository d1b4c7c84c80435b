"""Pools, licenses and parkings of an account."""

from itertools import groupby
from typing import Any

import peewee

from entitlements.domain import Seats
from entitlements.models import (
    IN_FORCE,
    LIVE,
    RESTRICTED,
    STATUS,
    Assignment,
    License,
    Member,
    Parking,
    Plan,
    Pool,
    Restriction,
)
from entitlements.queries import paging


def pools(account_id: str) -> list[dict[str, Any]]:
    """Seats by plan (lowest rank first) and, inside, by interval."""
    paying = (Restriction.account == Pool.account) & (Restriction.interval == Pool.interval) & IN_FORCE
    chosen = Pool.select(Pool, STATUS).join(Plan, on=Plan.code == Pool.plan).where(Pool.account == account_id)
    chosen = chosen.join_from(Pool, Restriction, peewee.JOIN.LEFT_OUTER, on=paying, attr="restriction")
    rows = chosen.order_by(Plan.rank, Pool.plan, Pool.interval)
    return [_pool(plan, list(by_interval)) for plan, by_interval in groupby(rows, lambda pool: pool.plan)]


def _pool(plan: str, by_interval: list[Pool]) -> dict[str, Any]:
    total = Seats(*(sum(counts) for counts in zip(*(pool.seats for pool in by_interval), strict=True)))
    inside = [
        {"interval": pool.interval, "status": pool.status, **pool.seats.described()} for pool in by_interval
    ]
    return {"plan": plan, **total.described(), "by_interval": inside}


def licenses(
    account_id: str, *, plan: str, state: str, member: str | None, cursor: str, limit: int
) -> dict[str, Any]:
    """A page in the order in which they were issued, each with its holder."""
    chosen = (
        License.select(License, STATUS, Assignment, Member)
        .join(Assignment, peewee.JOIN.LEFT_OUTER, on=(Assignment.license == License.id) & LIVE, attr="held")
        .join(Member, peewee.JOIN.LEFT_OUTER, on=Assignment.member == Member.id, attr="holder")
        .join_from(License, Restriction, peewee.JOIN.LEFT_OUTER, on=RESTRICTED, attr="restriction")
        .where(License.account == account_id)
    )
    if plan:
        chosen = chosen.where(License.plan == plan)
    if state:
        chosen = chosen.where(License.state == state)
    if member:
        chosen = chosen.where(Assignment.member == member)
    if cursor:
        chosen = chosen.where(License.id > paging.after(cursor, paging.uuid_text)[0])
    return paging.page(list(chosen.order_by(License.id).limit(limit + 1)), limit, "id")


def parkings(account_id: str) -> list[Parking]:
    """What is parked and can be undone, newest first. `parked`: all of its plan and interval."""
    here = (Pool.account == Parking.account) & (Pool.plan == Parking.plan) & (Pool.interval == Parking.interval)
    chosen = Parking.select(Parking, Pool.parked).join(Pool, on=here).objects()
    standing = (Parking.account == account_id) & Parking.undone_at.is_null()
    return list(chosen.where(standing).order_by(Parking.id.desc()))
