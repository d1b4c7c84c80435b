"""Who holds what in all accounts, each after which event: where a reader begins that follows the events."""

from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from entitlements import domain
from entitlements.models import JOIN_RESTRICTION
from entitlements.queries import paging
from entitlements.queries.raw import read
from kit import clock, db

PAGE = 10_000  # holders, or accounts without any

# One statement: what is held and the number of the event that left it so belong together. All who hold the
# same in an account are one row; the last of them says where the next page begins. Ids are text in streams; in
# other tables SQLite keeps them without dashes.
_HOLDERS = """
SELECT subject, head, {last}, moved_at, plan, version, status, {members}, {last_holder}, count(*)
FROM (
    SELECT s.subject, s.head, s.last, s.moved_at, l.plan, l.version, coalesce(r.status, 'active') AS status,
        a.member, a.id
    FROM streams s
    LEFT JOIN assignments a ON a.account = {account_of_subject} AND a.ended_at IS NULL
    LEFT JOIN licenses l ON l.id = a.license
    {restriction}
    WHERE {where} ORDER BY s.subject, a.member, a.id LIMIT {limit}
) AS holders
GROUP BY subject, head, last, moved_at, plan, version, status ORDER BY subject
"""
_SPELLED = {
    "postgresql": {
        "account_of_subject": "s.subject::uuid",
        "last": "last::text",
        "members": "string_agg(member::text, ' ')",
        "last_holder": """max(member::text || ' ' || id::text COLLATE "C")""",
    },
    "sqlite": {
        "account_of_subject": "replace(s.subject, '-', '')",
        "last": "last",
        "members": "group_concat(member, ' ')",
        "last_holder": "max(member || ' ' || id)",
    },
}
_REST_OF_ACCOUNT = "s.subject = {0} AND (a.member, a.id) > ({0}, {0})"
_WHOLE_ACCOUNT = "s.subject = {0}"
_NEXT_ACCOUNTS = "s.subject > {0}"

_GRANTS = """
SELECT v.plan, v.version, p.rank, v.features FROM plan_versions v JOIN plans p ON p.code = v.plan
"""


Grant = tuple[str | None, int | None, str]  # plan, version, status


class Row(NamedTuple):
    """What is chosen above; without plan, members and the last of them when nobody in an account holds any.
    `last_holder`: the member and what they hold, with a space between; `length`: how many of a page it is."""

    account: str
    sequence: int
    last: str
    moved_at: int
    plan: str | None
    version: int | None
    status: str
    members: str | None
    last_holder: str | None
    length: int

    @property
    def grant(self) -> Grant:
        return self.plan, self.version, self.status


def snapshot(account: str | None, cursor: str, page: int = PAGE) -> dict[str, Any]:
    """A page, by account and holder; of one account or of all. An account may go on in the next page, and the
    last page may be empty."""
    rows = _rows(account, cursor, page)
    more = sum(row.length for row in rows) == page
    used: dict[Grant, int] = {}
    items = [_described([*of_account], used) for _, of_account in groupby(rows, attrgetter("account"))]
    grants = _grants()
    return {
        "grants": [{**grants[plan, version], "status": status} for plan, version, status in used],
        "items": items,
        "next": _cursor_after(rows) if more else None,
    }


def _described(rows: list[Row], used: dict[Grant, int]) -> dict[str, Any]:
    """What a page says of an account, whose rows they are; grants that people hold are numbered in `used`."""
    first = rows[0]
    return {
        "account_id": first.account,
        "sequence": first.sequence,
        "id": domain.dashed(first.last),
        "at": clock.to_text(first.moved_at),
        "holders": [
            {
                "grant": used.setdefault(row.grant, len(used)),
                "members": [*map(domain.dashed, row.members.split())],
            }
            for row in rows
            if row.members
        ],
    }


def _cursor_after(rows: list[Row]) -> str:
    """After the holder who comes last of the account that comes last."""
    last = rows[-1].account
    member, assignment = max(row.last_holder or " " for row in rows if row.account == last).split(" ")
    return paging.cursor_of(last, member, assignment)


def _rows(account: str | None, cursor: str, limit: int) -> list[Row]:
    if not cursor:
        return _select(_WHOLE_ACCOUNT, [account], limit) if account else _select(_NEXT_ACCOUNTS, [""], limit)
    told, member, assignment = paging.after(cursor, paging.uuid_text, _id_or_none, _id_or_none)
    subject = account or told
    rest = _select(_REST_OF_ACCOUNT, [subject, member, assignment], limit) if member and assignment else []
    left = limit - sum(row.length for row in rest)
    if account or not left:
        return rest
    return [*rest, *_select(_NEXT_ACCOUNTS, [subject], left)]


def _select(where: str, values: list[Any], limit: int) -> list[Row]:
    place = db.database.param
    kind = "postgresql" if db.is_postgres() else "sqlite"
    statement = _HOLDERS.format(
        **_SPELLED[kind], restriction=JOIN_RESTRICTION, where=where.format(place), limit=place
    )
    return [Row(*row) for row in db.database.execute_sql(statement, (*values, limit))]


def _id_or_none(text: str) -> None:
    if text:
        paging.uuid_text(text)


def _grants() -> dict[Any, dict[str, Any]]:
    rows = db.database.execute_sql(_GRANTS)
    return {
        (plan, version): {"plan": plan, "rank": rank, "features": read(features)}
        for plan, version, rank, features in rows
    }
