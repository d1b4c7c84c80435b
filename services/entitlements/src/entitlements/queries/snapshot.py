"""Who holds what in all accounts, each after which event: where a reader begins that follows the events."""

from typing import Any, NamedTuple

from entitlements.models import JOIN_RESTRICTION, dashed
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
{restriction}
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


# What is chosen above; without member, of an account in which nobody holds any.
Row = tuple[str, int, str, int, str | None, str | None, str | None, int | None, str]
Grant = tuple[str | None, int | None, str]  # plan, version, status


class Told(NamedTuple):
    """What a page says of an account; `holders` by the place of what they hold among the grants."""

    account: str
    sequence: int
    last: str
    moved_at: int
    holders: dict[int, list[str]]

    def described(self) -> dict[str, Any]:
        return {
            "account_id": self.account,
            "sequence": self.sequence,
            "id": dashed(self.last),
            "at": clock.to_text(self.moved_at),
            "holders": [
                {"grant": place, "members": [*map(dashed, held)]} for place, held in self.holders.items()
            ],
        }


def snapshot(account: str | None, cursor: str, page: int = PAGE) -> dict[str, Any]:
    """A page, by account and holder; of one account or of all. An account may go on in the next page."""
    rows = _rows(account, cursor, page + 1)
    more, rows = len(rows) > page, rows[:page]
    used: dict[Grant, int] = {}
    items = [told.described() for told in _accounts(rows, used)]
    grants = _grants()
    return {
        "grants": [{**grants[plan, version], "status": status} for plan, version, status in used],
        "items": items,
        "next": paging.cursor_of(*_place(rows[-1])) if more else None,
    }


def _accounts(rows: list[Row], used: dict[Grant, int]) -> list[Told]:
    """The grants that they hold are numbered in `used`."""
    items: list[Told] = []
    account, holders = "", dict[int, list[str]]()
    for subject, sequence, last, moved_at, member, _, plan, version, status in rows:
        if subject != account:
            account, holders = subject, {}
            items.append(Told(subject, sequence, last, moved_at, holders))
        if member:
            place = used.setdefault((plan, version, status), len(used))
            holders.setdefault(place, []).append(member)
    return items


def _rows(account: str | None, cursor: str, limit: int) -> list[Row]:
    if not cursor:
        return _select(_WHOLE_ACCOUNT, [account], limit) if account else _select(_NEXT_ACCOUNTS, [""], limit)
    told, member, assignment = paging.after(cursor, paging.uuid_text, _id_or_none, _id_or_none)
    subject = account or told
    rest = _select(_REST_OF_ACCOUNT, [subject, member, assignment], limit) if member else []
    if account or len(rest) == limit:
        return rest
    return [*rest, *_select(_NEXT_ACCOUNTS, [subject], limit - len(rest))]


def _select(where: str, values: list[Any], limit: int) -> list[Row]:
    place = db.database.param
    kind = "postgresql" if db.is_postgres() else "sqlite"
    statement = _HOLDERS.format(
        **_SPELLED[kind], restriction=JOIN_RESTRICTION, where=where.format(place), limit=place
    )
    chosen: list[Row] = db.database.execute_sql(statement, (*values, limit)).fetchall()
    return chosen


def _id_or_none(text: str) -> None:
    if text:
        paging.uuid_text(text)


def _place(row: Row) -> tuple[str, str, str]:
    account, _, _, _, member, assignment, *_ = row
    return account, member or "", assignment or ""


def _grants() -> dict[Any, dict[str, Any]]:
    rows = db.database.execute_sql(_GRANTS)
    return {
        (plan, version): {"plan": plan, "rank": rank, "features": read(features)}
        for plan, version, rank, features in rows
    }
