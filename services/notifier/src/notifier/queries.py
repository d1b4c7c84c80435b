"""What people ask: the activity log and the notices of an account."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kit import clock, db
from kit.errors import refuse
from notifier import domain
from notifier.models import Activity, Notice
from notifier.wording import Wording, members_of

CSV_PAGE = 500
HEADERS = {
    "en": [
        "Time (UTC)",
        "Who",
        "What happened",
        "Type",
        "Source",
        "Address",
        "Details",
        "Actor id",
        "Actor e-mail",
    ],
    "fr": [
        "Heure (UTC)",
        "Qui",
        "Ce qui s’est passé",
        "Type",
        "Source",
        "Adresse",
        "Détails",
        "Identifiant",
        "Courriel",
    ],
}
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # a spreadsheet would run a cell that begins like this


def activity(account_id: str, *, language: str, cursor: str, limit: int, **chosen: Any) -> dict[str, Any]:
    """One page of what happened to the account, newest first, said in the language; `chosen` as of `_page`."""
    rows, following = _page(account_id, cursor, limit, **chosen)
    return {"items": list(_said(rows, Wording(language))), "next": following}


def activity_csv(account_id: str, *, language: str, **chosen: Any) -> Iterator[str]:
    """The whole log as CSV, a page at a time: neither memory nor a transaction grows with it."""
    wording = Wording(language)
    following: str | None = ""
    yield "\ufeff" + _csv([HEADERS[language]])  # with the mark, spreadsheets read UTF-8
    while following is not None:
        with _connected():
            rows, following = _page(account_id, following, CSV_PAGE, **chosen)
            page = _csv([_cells(item) for item in _said(rows, wording)])
        yield page


@contextmanager
def _connected() -> Iterator[None]:
    """The request, and its connection, are over when the server begins to send what streams."""
    opened = db.database.connect(reuse_if_open=True)
    try:
        yield
    finally:
        if opened:
            db.database.close()


def notices(account_id: str, *, member: str | None, cursor: str | None, limit: int) -> dict[str, Any]:
    """The mails of the account, newest first; only one member's, if asked."""
    chosen = Notice.select().where(Notice.account == account_id)
    if member:
        chosen = chosen.where(Notice.member == member)
    if cursor:
        chosen = chosen.where(Notice.id < cursor)
    rows = list(chosen.order_by(Notice.id.desc()).limit(limit))
    return {"items": rows, "next": rows[-1].id if len(rows) == limit else None}


def troubled_notices(
    states: Sequence[str], *, cause: str | None = None, cursor: str | None = None, limit: int = 100
) -> dict[str, Any]:
    """Notices of all accounts in these states that were tried in vain, newest first."""
    chosen = Notice.select().where(Notice.state.in_(states) & Notice.reason.is_null(False))
    if cause:
        chosen = chosen.where(Notice.cause == cause)
    if cursor:
        chosen = chosen.where(Notice.id < cursor)
    rows = list(chosen.order_by(Notice.id.desc()).limit(limit))
    return {"items": rows, "next": rows[-1].id if len(rows) == limit else None}


def _page(
    account_id: str, cursor: str, limit: int, *, type: str, actor: str, since: int | None, until: int | None
) -> tuple[list[Activity], str | None]:
    """Rows, newest first, and the cursor of the next page; instants are microseconds, `until` not included."""
    chosen = Activity.select().where(Activity.account == account_id)
    if type:
        chosen = chosen.where(Activity.type == type)
    if actor:
        chosen = chosen.where(Activity.actor == actor)
    if since is not None:
        chosen = chosen.where(Activity.time >= since)
    if until is not None:
        chosen = chosen.where(Activity.time < until)
    if cursor:
        time, last = _position(cursor)
        chosen = chosen.where((Activity.time <= time) & ((Activity.time < time) | (Activity.id < last)))
    rows = list(chosen.order_by(Activity.time.desc(), Activity.id.desc()).limit(limit))
    return rows, f"{rows[-1].time}.{rows[-1].id}" if len(rows) == limit else None


def _position(cursor: str) -> tuple[int, str]:
    time, _, last = cursor.partition(".")
    if not (time.isascii() and time.isdigit() and len(time) < 19 and domain.is_id(last)):
        refuse("cursor-invalid", "The cursor is not one that a page before gave.", status=422)
    return int(time), last


def _said(rows: list[Activity], wording: Wording) -> Iterator[dict[str, Any]]:
    wording.know_members(member for row in rows for member in members_of(row))
    for row in rows:
        yield {
            "id": row.id,
            "time": row.time,
            "source": row.source,
            "type": row.type,
            "actor": wording.actor_at(row),
            "address": row.address,
            "summary": wording.summary(row),
            "data": row.data,
            "undone_at": row.undone_at,
        }


def _cells(item: dict[str, Any]) -> list[str]:
    moment = clock.to_text(item["time"])[:19].replace("T", " ")
    details = json.dumps(item["data"], ensure_ascii=False)
    return [
        moment,
        item["actor"]["name"],
        item["summary"],
        item["type"],
        item["source"],
        item["address"] or "",
        details,
        item["actor"]["id"],
        item["actor"]["email"] or "",
    ]


def _csv(rows: list[list[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([[_harmless(cell) for cell in row] for row in rows])
    return written.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
