"""What every service wrote down about some accounts, read straight from its database, whichever kind it is."""

import json
import re
import sqlite3
import uuid
from collections.abc import Iterable
from contextlib import closing
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from local import mailbox
from local.suite import SERVICES, Suite

Row = dict[str, Any]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EVENTS = ("outbox", "streams", "cursors")
TABLES = {
    "catalog": EVENTS,
    "orders": (
        *EVENTS,
        *("accounts", "orders", "subscriptions", "subscription_items", "payment_attempts", "sandbox_charges"),
    ),
    "entitlements": (*EVENTS, "accounts", "members", "licenses", "assignments", "pools"),
    "notifier": (*EVENTS, "accounts", "members", "notices", "activities"),
}
# Long tables are read only as far as this column names one of our accounts.
ABOUT_ACCOUNTS = {
    "orders": {"outbox": "subject"},
    "entitlements": {"outbox": "subject"},
    "notifier": {"outbox": "subject", "activities": "account"},
}


def followed_by(service: str) -> Iterable[str]:
    """The sources whose events the service applies."""
    return import_module(f"{service}.handlers").HANDLERS if service != "catalog" else ()


class Ledger:
    """The rows of one look at all databases. Ids are 32 hex digits here, as SQLite stores them."""

    def __init__(self, suite: Suite, accounts: Iterable[str]):
        wanted = list(accounts)
        self.accounts = {bare(account) for account in wanted}
        self.tables = {
            service: _look(suite.env_of(service)["DATABASE_URL"], service, wanted) for service in SERVICES
        }
        self.mails = [_mail(path) for path in sorted(suite.mailbox.directory.glob("*.eml"))]
        self.outbox = {service: self._outbox(service) for service in SERVICES}
        self.streams = {
            (service, row["subject"]): row for service in SERVICES for row in self.all(service, "streams")
        }
        self.cursors = {
            (service, row["source"], row["subject"]): row
            for service in SERVICES
            for row in self.all(service, "cursors")
        }
        self.licenses = self.ours("entitlements", "licenses")
        self.assignments = self.ours("entitlements", "assignments")
        self.pools = self.ours("entitlements", "pools")
        self.orders = self.ours("orders", "orders", "account_id")
        self.subscriptions = self.ours("orders", "subscriptions", "account_id")
        self.items = self.all("orders", "subscription_items")
        self.attempts = self.all("orders", "payment_attempts")
        self.notices = self.ours("notifier", "notices")
        self.activities = self.all("notifier", "activities")
        ours = {row["id"] for row in self.orders}
        attempts = {row["id"] for row in self.attempts if row["order_id"] in ours}
        self.charges = [
            row
            for row in self.all("orders", "sandbox_charges")
            if row["attempt_id"] in attempts and row["status"] == "captured"
        ]

    def all(self, service: str, table: str) -> list[Row]:
        return self.tables[service][table]

    def ours(self, service: str, table: str, account: str = "account") -> list[Row]:
        return [row for row in self.all(service, table) if row[account] in self.accounts]

    def said(self, service: str, *types: str) -> list[Row]:
        """Envelopes about our accounts, in the order in which they were said; only these types, if given."""
        told = (row["event"] for row in self.outbox[service] if row["subject"] in self.accounts)
        return [event for event in told if not types or event["type"] in types]

    def undone(self, type_: str) -> list[Row]:
        """Activities of that type which their source, restored from a backup, tells no longer."""
        return [row for row in self.activities if row["type"] == type_ and row["undone_at"] is not None]

    def _outbox(self, service: str) -> list[Row]:
        rows = sorted(self.all(service, "outbox"), key=lambda row: row["id"])
        return [{**row, "event": _event(row["envelope"])} for row in rows]


def _look(url: str, service: str, accounts: list[str]) -> dict[str, list[Row]]:
    """The tables of a service through one connection: on PostgreSQL a new one costs more than what it reads."""
    named = ",".join(f"'{written}'" for account in accounts for written in (account, bare(account)))
    about = ABOUT_ACCOUNTS.get(service, {})
    with closing(_connect(url)) as connection:
        cursor = connection.cursor()
        found = {}
        for table in TABLES[service]:
            which = f" WHERE {about[table]} IN ({named})" if table in about else ""
            cursor.execute(f"SELECT * FROM {table}{which}")
            names = [column[0] for column in cursor.description]
            found[table] = [dict(zip(names, map(plain, row), strict=True)) for row in cursor.fetchall()]
    return found


def _connect(url: str) -> Any:
    """One that holds no lock between two tables: a migration may come in."""
    if url.startswith("sqlite:///"):
        return sqlite3.connect(f"file:{urlsplit(url).path[1:]}?mode=ro", uri=True, timeout=30)
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection


def plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.hex
    return bare(value) if isinstance(value, str) and UUID.fullmatch(value) else value


def bare(identifier: str) -> str:
    return identifier.replace("-", "")


def _plain_tree(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain_tree(inner) for name, inner in value.items()}
    return [_plain_tree(inner) for inner in value] if isinstance(value, list) else plain(value)


@lru_cache(maxsize=20_000)
def _event(envelope: str) -> Row:
    event: Row = _plain_tree(json.loads(envelope))
    return event


@lru_cache(maxsize=5_000)
def _mail(path: Path) -> Row:
    return mailbox.read(path)
