"""The people of an account, each with the license they hold."""

from typing import Any

import peewee

from entitlements import domain
from entitlements.models import (
    LIVE,
    RESTRICTED,
    STATUS,
    AddressChange,
    Assignment,
    License,
    Member,
    Restriction,
)
from entitlements.queries import paging
from kit import clock

WITHOUT_LICENSE = "none"
ANY_STATE = "all"


def members(account_id: str, *, q: str, state: str, plan: str, cursor: str, limit: int) -> dict[str, Any]:
    """A page by name. `q` is part of a name or address; `plan` a plan code, or "none" for people without
    a license; `state` active, removed or all."""
    chosen = Member.select().where(Member.account == account_id)
    if q:
        said = Member.known_as.contains(domain.plain(q))
        chosen = chosen.where(
            said | Member.known_as.contains(q.casefold())
        )  # rows that no worker has respelled yet
    if state != ANY_STATE:
        chosen = chosen.where(Member.state == state)
    if plan:
        holds = Assignment.select().where((Assignment.member == Member.id) & LIVE)
        without = plan == WITHOUT_LICENSE
        holds = holds if without else holds.where(Assignment.plan == plan)
        found = peewee.fn.EXISTS(holds)
        chosen = chosen.where(~found if without else found)
    if cursor:
        name, last = paging.after(cursor, paging.text, paging.uuid_text)
        chosen = chosen.where((Member.known_as > name) | ((Member.known_as == name) & (Member.id > last)))
    rows = list(chosen.order_by(Member.known_as, Member.id).limit(limit + 1))
    _attach_licenses(rows)
    _attach_address_changes(rows)
    return paging.page(rows, limit, "known_as", "id")


def member(account_id: str, member_id: str) -> Member:
    found = Member.of_account(account_id, member_id)
    _attach_licenses([found])
    _attach_address_changes([found])
    return found


def standing(account_id: str, member_id: str) -> frozenset[str] | None:
    """What a caller's own row allows them now; None for a caller who is no member of the account."""
    if not paging.is_uuid(member_id):  # a token may be for a program; PostgreSQL compares ids only with ids
        return None
    found = Member.select(Member.roles, Member.state).where(
        (Member.id == member_id) & (Member.account == account_id)
    )
    row = found.first()
    return None if row is None else row.permissions


def _attach_licenses(rows: list[Member]) -> None:
    """One query for the whole page."""
    held = {}
    if rows:
        here = Assignment.member.in_([row.id for row in rows]) & LIVE
        chosen = Assignment.select(Assignment, STATUS).join(License).where(here)
        chosen = chosen.join(Restriction, peewee.JOIN.LEFT_OUTER, on=RESTRICTED, attr="restriction")
        held = {assignment.member_id: assignment for assignment in chosen}
    for row in rows:
        row.assignment = held.get(row.id)


def _attach_address_changes(rows: list[Member]) -> None:
    """Attach the open requests of the page in one query."""
    pending = {}
    if rows:
        is_open = AddressChange.ended_at.is_null() & (AddressChange.expires_at > clock.now())
        of_page = AddressChange.member.in_([row.id for row in rows]) & is_open
        pending = {change.member_id: change for change in AddressChange.select().where(of_page)}
    for row in rows:
        row.address_change = pending.get(row.id)
