"""New seats: one set-based statement per order line."""

import json
import uuid
from typing import Any

from entitlements import domain, events
from entitlements.models import License, Pool
from kit import clock, db, outbox

# The ids of up to 10,000 rows travel as one JSON list; their place in it is the number of the seat.
_NUMBERED_IDS = {
    "postgresql": "SELECT id::uuid, seat, {values}"
    " FROM json_array_elements_text({ids}) WITH ORDINALITY AS _(id, seat)",
    "sqlite": "SELECT value, key + 1, {values} FROM json_each({ids}) WHERE true",
}


def issue_licenses(account_id: str, order: dict[str, Any], line: dict[str, Any]) -> None:
    """Make the seats of a paid order line exist, once; part of the transaction of `order.paid`."""
    seat = {
        "account": account_id,
        "plan": line["plan"],
        "version": line["version"],
        "interval": order["interval"],
        "state": domain.FREE,
        "order_id": order["order_id"],
        "line": line["line"],
        "subscription_id": order["subscription_id"],
        "term_start": order["term"]["start"],
        "term_end": order["term"]["end"],
    }
    if _insert(seat, line["seats"]):
        pool = Pool.move(account_id, line["plan"], order["interval"], free=line["seats"])
        outbox.add(events.license_issued(account_id, order, line, pool))


def _insert(seat: dict[str, Any], count: int) -> bool:
    """False when the line's seats exist already: a source may say the same thing twice."""
    place = db.database.param
    columns = ", ".join(f'"{name}"' for name in ("id", "seat", *seat))
    rows = _NUMBERED_IDS["postgresql" if db.is_postgres() else "sqlite"].format(
        values=", ".join([place] * len(seat)), ids=place
    )
    statement = f"INSERT INTO licenses ({columns}) {rows} ON CONFLICT (order_id, line, seat) DO NOTHING"
    values = [License._meta.fields[name].db_value(value) for name, value in seat.items()]
    ids = json.dumps([uuid.UUID(clock.new_id()).hex for _ in range(count)])
    return bool(db.database.execute_sql(statement, (*values, ids)).rowcount)
