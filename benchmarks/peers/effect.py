"""The effect that all peers have: a row of the notifier's activity log for an event, once for its id.

psycopg2, one transaction for each event: its id into the inbox, and its row unless it was there already.
"""

import json
import os
from datetime import datetime
from functools import cache
from typing import Any

import psycopg2

TABLE = "CREATE TABLE IF NOT EXISTS inbox (id uuid PRIMARY KEY)"
NOTE = "INSERT INTO inbox (id) VALUES (%s) ON CONFLICT DO NOTHING"
ACT = (
    "INSERT INTO activities (id, account, time, source, sequence, type, actor, address, data)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


@cache
def _connection() -> Any:
    return psycopg2.connect(os.environ["DATABASE_URL"])


def happened(body: bytes | str) -> None:
    event = json.loads(body)
    at = int(datetime.fromisoformat(event["time"]).timestamp() * 1_000_000)
    names = ("source", "sequence", "type", "actor")
    told = [event[name] for name in names]
    row = (event["id"], event["subject"], at, *told, event.get("address"), json.dumps(event["data"]))
    with _connection() as connection, connection.cursor() as cursor:
        cursor.execute(NOTE, (event["id"],))
        if cursor.rowcount:
            cursor.execute(ACT, row)
