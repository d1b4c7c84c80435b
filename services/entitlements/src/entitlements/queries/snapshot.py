"""Who holds what in all accounts, each after which event: where a reader begins that follows the events."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from entitlements.queries import paging
from entitlements.queries.raw import read
from kit import clock, db

PAGE = 10_000  # holders, or accounts without any

# One statement: what is held and the number of the event that left it so belong together. Ids are text in
# streams; in other tables SQLite keeps them without dashes.
_HOLDERS = """
SELECT s.subject, s.head, {last}, s.moved_at, {member}, {assignment}, l.plan, l.version,
    coalesce(r.status, 'active')
FROM streams s
LEFT JOIN assignments a ON a.account = {account_of_subject} AND a.ended_at IS NULL
LEFT JOIN licenses l ON l.id = a.license
LEFT JOIN restrictions r ON r.subscription_id = l.subscription_id AND r.until IS NULL
WHERE {where} ORDER BY s.subject, a.member, a.id LIMIT {limit}
"""
_SPELLED = {
    "postgresql": {
        "account_of_subject": "s.subject::uuid",
        "last": "s.last::text",
        "member": "a.member::text",
        "assignment": "a.id::text",
    },
    "sqlite": {
        "account_of_subject": "replace(s.subject, '-', '')",
        "last": "s.last",
        "member": "a.member",
        "assignment": "a.id",
    },
}
_REST_OF_ACCOUNT = "s.subject = {0} AND (a.member, a.id) > ({0}, {0})"
_WHOLE_ACCOUNT = "s.subject = {0}"
_NEXT_ACCOUNTS = "s.subject > {0}"

_GRANTS = """
SELECT v.plan, v.version, p.rank, v.features FROM plan_versions v JOIN plans p ON p.code = v.plan
"""


class Holder(NamedTuple):
    """A license in somebody's hands; without member, of an account in which nobody holds any."""

    account: str
    sequence: int
    last: str
    moved_at: int
    member: str | None
    assignment: str | None
    plan: str | None
    version: int | None
    status: str


def snapshot(account: str | None, cursor: str, page: int = PAGE) -> dict[str, Any]:
    """A page, by account and holder; of one account or of all. An account may go on in the next page."""
    rows = list(_rows(account, cursor, page + 1))
    more, rows = len(rows) > page, rows[:page]
    grants = _grants()
    used = list(dict.fromkeys((row.plan, row.version, row.status) for row in rows if row.plan))
    return {
        "grants": [{**grants[plan, version], "status": status} for plan, version, status in used],
        "items": list(_accounts(rows, {key: place for place, key in enumerate(used)})),
        "next": paging.cursor_of(*_place(rows[-1])) if more else None,
    }


def _accounts(rows: list[Holder], places: dict[Any, int]) -> Iterator[dict[str, Any]]:
    for (account, sequence, last, moved_at), holders in groupby(rows, key=lambda row: row[:4]):
        members: dict[int, list[str]] = {}
        for row in holders:
            if row.member:
                members.setdefault(places[row.plan, row.version, row.status], []).append(db.dashed(row.member))
        yield {
            "account_id": account,
            "sequence": sequence,
            "id": db.dashed(last),
            "at": clock.to_text(moved_at),
            "holders": [{"grant": place, "members": held} for place, held in members.items()],
        }


def _rows(account: str | None, cursor: str, limit: int) -> Iterable[Holder]:
    if not cursor:
        return _select(_WHOLE_ACCOUNT, [account], limit) if account else _select(_NEXT_ACCOUNTS, [""], limit)
    told, member, assignment = paging.after(cursor, paging.uuid_text, _id_or_none, _id_or_none)
    subject = account or told
    rest = list(_select(_REST_OF_ACCOUNT, [subject, member, assignment], limit)) if member else []
    if account or len(rest) == limit:
        return rest
    return [*rest, *_select(_NEXT_ACCOUNTS, [subject], limit - len(rest))]


def _select(where: str, values: list[Any], limit: int) -> Iterator[Holder]:
    place = db.database.param
    kind = "postgresql" if db.is_postgres() else "sqlite"
    statement = _HOLDERS.format(**_SPELLED[kind], where=where.format(place), limit=place)
    yield from map(Holder._make, db.database.execute_sql(statement, (*values, limit)))


def _id_or_none(text: str) -> None:
    if text:
        paging.uuid_text(text)


def _place(row: Holder) -> tuple[str, str, str]:
    return row.account, row.member or "", row.assignment or ""


def _grants() -> dict[Any, dict[str, Any]]:
    rows = db.database.execute_sql(_GRANTS)
    return {
        (plan, version): {"plan": plan, "rank": rank, "features": read(features)}
        for plan, version, rank, features in rows
    }
