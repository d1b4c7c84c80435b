"""What people ask: the activity log and the notices of an account."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import structlog

from kit import clock, db, reading
from kit.errors import refuse
from kit.reading import UnreadableRow
from notifier import domain
from notifier.models import Activity, Notice
from notifier.wording import NOT_SAID, Wording, members_of

log = structlog.get_logger()

CSV_PAGE = 500
SHOWN = [field for field in Notice._meta.sorted_fields if field is not Notice.data]  # damaged data stays away
DAMAGED = "x"  # in a cursor, before the hexadecimal key of a row whose id is no UUID
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
# A spreadsheet runs a cell that begins like this. One whose language separates cells by semicolons takes what
# follows a semicolon within a cell for the next cell, so every place where a cell could begin is looked at.
BEGINS_FORMULA = re.compile(r"""(^|[;\t\r\n])(?=[\s"']*[=+\-@＝＋－＠])""")


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
    chosen = Notice.select(*SHOWN).where(Notice.account == account_id)
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
    chosen = Notice.select(*SHOWN).where(Notice.state.in_(states) & Notice.reason.is_null(False))
    if cause:
        chosen = chosen.where(Notice.cause == cause)
    if cursor:
        chosen = chosen.where(Notice.id < cursor)
    rows = list(chosen.order_by(Notice.id.desc()).limit(limit))
    return {"items": rows, "next": rows[-1].id if len(rows) == limit else None}


def _page(
    account_id: str, cursor: str, limit: int, *, type: str, actor: str, since: int | None, until: int | None
) -> tuple[list[Activity | UnreadableRow], str | None]:
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
    query = chosen.order_by(Activity.time.desc(), Activity.id.desc()).limit(limit)
    rows = reading.read_rows(query, Activity.id, Activity.time)
    return rows, f"{rows[-1].time}.{_key(rows[-1].id)}" if len(rows) == limit else None


def _key(id: str) -> str:
    return id if domain.is_id(id) else f"{DAMAGED}{id.encode().hex()}"


def _position(cursor: str) -> tuple[int, Any]:
    time, _, last = cursor.partition(".")
    if time.isascii() and time.isdigit() and len(time) < 20 and int(time) < 2**63:
        if domain.is_id(last):
            return int(time), last
        if last[:1] == DAMAGED and last[1:] and not db.is_postgres():  # which stores nothing but UUIDs
            with suppress(ValueError):
                return int(time), reading.stored(bytes.fromhex(last[1:]).decode())
    return refuse("cursor-invalid", "The cursor is not one that a page before gave.", status=422)


def _said(rows: list[Activity | UnreadableRow], wording: Wording) -> Iterator[dict[str, Any]]:
    """Describe each row; one that cannot be described is an entry that says so."""
    sound = [row for row in rows if isinstance(row, Activity) and isinstance(row.data, dict)]
    wording.know_members(member for row in sound for member in members_of(row))
    for row in rows:
        try:
            if row not in sound:
                raise ValueError("a column cannot be read")
            yield _describe(row, wording)
        except Exception as error:
            log.warning("activity_unreadable", id=str(row.id), error=repr(error))
            yield _describe_unreadable(row, wording)


def _describe(row: Any, wording: Wording) -> dict[str, Any]:
    clock.to_text(row.time), json.dumps(row.data, ensure_ascii=False).encode()
    return {
        "id": row.id,
        "time": row.time,
        "source": row.source,
        "type": row.type,
        "actor": wording.actor_at(row),
        "address": row.address,
        "summary": wording.summary(row),
        "data": row.data,
        "undone_at": row.undone_at,
        "unreadable": False,
    }


def _describe_unreadable(row: Any, wording: Wording) -> dict[str, Any]:
    return {
        "source": "",
        "type": "",
        "id": str(row.id),
        "time": min(max(row.time, 0), clock.LATEST),
        "actor": {"id": "", "name": NOT_SAID, "email": None},
        "address": None,
        "summary": wording.unreadable(),
        "data": {},
        "undone_at": None,
        "unreadable": True,
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
    """The cell with an apostrophe before everything that could begin a formula."""
    return BEGINS_FORMULA.sub(r"\1'", cell)
