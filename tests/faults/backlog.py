"""What a service said in an outage: many events at once, without its code, since only their number matters."""

import json
from contextlib import closing

from psycopg2.extras import execute_values

from faults.ledger import followed_by
from faults.patient import Patient
from journeys.people import Office
from kit import clock
from local.suite import SERVICES

TYPE = "order.noted"  # nobody knows it: the activity log takes it, entitlements moves past it
FIELDS = ("event_id", "subject", "sequence", "type", "envelope", "created_at")
READERS = [service for service in SERVICES if "orders" in followed_by(service)]
UNSENT = f"SELECT count(*) FROM outbox WHERE published_at IS NULL AND type = '{TYPE}'"


def write(patient: Patient, office: Office, events: int, size: int) -> None:
    """The first one by the code of orders, the others in its likeness; each has a text of that size."""
    patient.says("orders", office, TYPE, json.dumps({"note": "x" * size}))
    last = f"SELECT envelope FROM outbox WHERE subject = '{office.id}' ORDER BY sequence DESC LIMIT 1"
    event = json.loads(patient.sql("orders", last)[0][0])
    written: list[tuple[str | int, ...]] = []
    now = clock.now()
    for _ in range(events - 1):
        event |= {"id": clock.new_id(), "previous": event["id"], "sequence": str(int(event["sequence"]) + 1)}
        envelope = json.dumps(event, separators=(",", ":"))
        name = event["id"] if patient.suite.postgres else event["id"].replace("-", "")
        written.append((name, office.id, int(event["sequence"]), TYPE, envelope, now))
    with closing(patient.connect("orders")) as db:
        into, cursor = f"INSERT INTO outbox ({', '.join(FIELDS)}) VALUES", db.cursor()
        if patient.suite.postgres:
            execute_values(cursor, f"{into} %s", written, page_size=1_000)
        else:
            cursor.executemany(f"{into} ({', '.join('?' * len(FIELDS))})", written)
        (before, *_), (name, _, head, *_) = written[-2:]
        moved = f"head = {head}, last = '{name}', previous = '{before}', moved_at = {now}"
        cursor.execute(f"UPDATE streams SET {moved} WHERE subject = '{office.id}'")
        db.commit()


def unread(patient: Patient, office: Office) -> dict[str, int]:
    """How many events of orders about the office each of its readers has not applied."""
    [[head]] = patient.sql("orders", f"SELECT head FROM streams WHERE subject = '{office.id}'")
    return {reader: head - _sequence(patient, reader, office) for reader in READERS}


def read(patient: Patient, office: Office) -> int:
    """How many of them each of its readers has applied at least."""
    return min(_sequence(patient, reader, office) for reader in READERS)


def _sequence(patient: Patient, reader: str, office: Office) -> int:
    standing = f"SELECT sequence FROM cursors WHERE source = 'orders' AND subject = '{office.id}'"
    return sum(row[0] for row in patient.sql(reader, standing))


def forget(patient: Patient, office: Office) -> int:
    """Spare later tests all of it, read or not; how much of what was read has not had its effect once."""
    workers = [f"{reader}-worker" for reader in READERS]
    patient.down(*workers)
    found = _differs(patient, office)
    [[head, last]] = patient.sql("orders", f"SELECT head, last FROM streams WHERE subject = '{office.id}'")
    for reader in READERS:
        patient.purge(reader)
        here = f"source = 'orders' AND subject = '{office.id}'"
        stand = (
            f"sequence = {head}, head = {head}, last = '{last}', attempts = 0, retry_at = NULL, error = NULL"
        )
        patient.sql(reader, f"UPDATE cursors SET {stand} WHERE {here}")
    for service, table in (("orders", "outbox"), ("notifier", "activities")):
        patient.sql(service, f"DELETE FROM {table} WHERE type = '{TYPE}'")
    patient.up(*workers)
    return found


def _differs(patient: Patient, office: Office) -> int:
    """How many events that were read are not in the office's activity log, or are there and were not read."""
    read = f"subject = '{office.id}' AND sequence <= {_sequence(patient, 'notifier', office)}"
    said = patient.sql("orders", f"SELECT event_id FROM outbox WHERE {read}")
    key = office.id if patient.suite.postgres else office.id.replace("-", "")
    told = f"SELECT id FROM activities WHERE source = 'orders' AND account = '{key}'"
    rows = patient.sql("notifier", told)
    return len({row[0] for row in said} ^ {row[0] for row in rows}) + abs(len(said) - len(rows))
