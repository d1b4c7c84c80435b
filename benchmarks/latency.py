"""The whole suite on PostgreSQL and RabbitMQ while a hundred orders a second are paid: how soon that counts."""

import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx
import psycopg2

from benchmarks import servers
from benchmarks.mails import MailServer
from benchmarks.measuring import Spread
from benchmarks.report import Line, Plot, Result
from kit import clock, context, db, outbox
from kit.db import given
from kit.settings import name_service
from local import running, tokens
from local.suite import POSTGRESQL, Suite
from orders import domain, events
from orders.models import Attempt, Order, Quote, Subscription

TITLE = "order.paid → license and mail"
RATES = (100, 30)  # orders a second; the lower one leaves processors free
WARM, SECONDS, STRETCH = 3, 20, 5
BOUNDS = {
    (100, "license visible", 50): (40, 20),
    (100, "license visible", 99): (150, 60),
    (100, "mail accepted", 50): (80, 40),
}
ACCOUNTS = 100
LOOK_EVERY = 0.005
SLOWEST = 150  # seconds until the last effect


class Administrator(NamedTuple):
    """Of an account."""

    account: str
    member: str


class Paid(NamedTuple):
    """An order and when it was due to be paid, by the clock that all processes of the machine share."""

    order: str
    due: float


class Latencies(NamedTuple):
    """Of the orders of one rate, in milliseconds."""

    rate: int
    to_license: list[float]
    to_mail: list[float]

    def of(self, values: list[float], percent: int) -> Spread:
        """The percentile of all, and the least and the most of those of the stretches."""

        def percentile(some: list[float]) -> float:
            return sorted(some)[len(some) * percent // 100]

        size = self.rate * STRETCH
        stretches = [percentile(values[begin : begin + size]) for begin in range(0, len(values), size)]
        return Spread(percentile(values), min(stretches), max(stretches))


def measure() -> Result:
    mails = MailServer()
    with servers.directory() as home, _running(home, mails) as all_of_it:
        accounts = _accounts(all_of_it)
        licenses = _Licenses(all_of_it.database_url("entitlements"))
        found = [_at(rate, all_of_it, accounts, licenses, mails) for rate in sorted(RATES)]
        licenses.stop()
    return _result(found)


def _at(
    rate: int, suite: Suite, accounts: list[Administrator], licenses: "_Licenses", mails: MailServer
) -> Latencies:
    url, before = suite.database_url("orders"), (len(licenses.seen), len(mails.seen))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as another:
        paid = another.submit(pay, url, accounts, rate * (WARM + SECONDS), rate).result()
    _await(lambda: (len(licenses.seen), len(mails.seen)) == tuple(count + len(paid) for count in before))
    if mails.twice:
        raise RuntimeError(f"{len(mails.twice)} mails came twice")
    told, measured = _events_of_orders(url), paid[rate * WARM :]
    return Latencies(
        rate,
        [(licenses.seen[order] - due) * 1000 for order, due in measured],
        [(mails.seen[told[order]] - due) * 1000 for order, due in measured],
    )


@contextmanager
def _running(home: Path, mails: MailServer) -> Iterator[Suite]:
    suite = Suite(home, databases=POSTGRESQL, durable=True)
    suite.mailbox = mails  # type: ignore[assignment]
    suite.start()
    try:
        yield suite
    finally:
        suite.stop()


def _accounts(suite: Suite) -> list[Administrator]:
    """Of accounts that an operator opened; all units have heard of them."""
    described = json.loads((running.REPOSITORY / "deploy" / "demo" / "account.json").read_text())["account"]
    opened = []
    token = tokens.for_scopes(suite.keys, "accounts:write")
    with httpx.Client(
        base_url=suite.urls["entitlements"], headers={"Authorization": f"Bearer {token}"}
    ) as client:
        for number in range(ACCOUNTS):
            first = {"email": f"ada@acme-{number}.example", "name": "Ada Bell", "locale": "en"}
            answer = client.post("/v1/accounts", json={**described, "first_administrator": first}, timeout=30)
            answer.raise_for_status()
            told = answer.json()
            opened.append(Administrator(told["id"], told["first_administrator"]["id"]))
    for unit, table in (("orders", "accounts"), ("notifier", "members")):
        _await(partial(_has, suite.database_url(unit), table))
    return opened


def _has(url: str, table: str) -> bool:
    """One of each account."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchall() == [(ACCOUNTS,)]


def _await(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SLOWEST
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError("not everything that was paid for had its effects")
        time.sleep(0.05)


def _result(found: Sequence[Latencies]) -> Result:
    measured = {
        (one.rate, what, percent): one.of(values, percent)
        for one in reversed(found)
        for what, values in (("license visible", one.to_license), ("mail accepted", one.to_mail))
        for percent in (50, 99)
    }
    lines = []
    for (rate, what, percent), spread in measured.items():
        must, aim = BOUNDS.get((rate, what, percent), (None, None))
        lines.append(Line(f"{rate}/s → {what}, p{percent}", spread, must, aim, "ms"))
    notes = [
        f"The whole suite on this machine, paid orders at a fixed rate for {SECONDS} s in {ACCOUNTS} accounts,"
        f" each measured from the moment at which it was due; least and most are of stretches of {STRETCH} s.",
        "A checkout over HTTP costs more than these cores have left for that, so a process writes the order and"
        " its event with the code of orders, in one transaction. All that follows is what production runs.",
        f"A license counts once its row can be read (looked for every {LOOK_EVERY * 1000:.0f} ms), a mail when"
        " the mail server takes it. Each order had one license and one mail.",
    ]
    bars = [(line.what, line.measured.middle) for line in lines]
    return Result(lines, notes, [Plot("latency", "From a paid order to what it causes", bars, "ms")])


# Paying, in a process of its own. -------------------------------------------------------------------


def pay(url: str, accounts: Sequence[Administrator], count: int, rate: int) -> list[Paid]:
    """Write a paid order and its event, as orders does when a charge was captured, one every 1/rate s."""
    name_service("orders")
    with db.connect(url).connection_context():
        subscriptions = {account: _subscription(account) for account, _ in accounts}
        attempt, before = Attempt(provider="sandbox", last4="4242"), Order.select().count()
        chosen = (accounts[number % len(accounts)] for number in range(count))
        orders = [_order(before + number, *one) for number, one in enumerate(chosen)]
        began, paid = time.monotonic() + 1, []
        for number, order in enumerate(orders):
            due = began + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            with context.acting(context.Context(f"member:{order.placed_by}", clock.new_id())), db.atomic():
                _WRITE(**order.__data__)
                outbox.add(events.order_paid(order, attempt, subscriptions[order.account_id]))
            paid.append(Paid(order.id, due))
        return paid


def _subscription(account: str) -> Subscription:
    known = {"account": account, "interval": "year"}
    return Subscription.get_or_none(**known) or Subscription.create(
        id=clock.new_id(),
        **known,
        currency="CAD",
        anchor="2026-01-01",
        term_start="2026-01-01",
        term_end="2027-01-01",
    )


def _quote(account: str) -> Quote:
    now = clock.now()
    line = domain.line(1, "pro", 1, 1, 18_000)
    return Quote.create(
        id=clock.new_id(),
        account=account,
        from_cart=False,
        interval="year",
        currency="CAD",
        day="2026-01-01",
        lines=[line],
        subtotal=18_000,
        taxes=[],
        total=18_000,
        at_renewal=18_000,
        term={"start": "2026-01-01", "end": "2027-01-01"},
        created_at=now,
        expires_at=now + domain.DAY,
    )


# Not peewee's create: what measures takes no more of the processors than it must.
_WRITTEN = [field for field in Order._meta.sorted_fields if not field.null or field is Order.paid_at]
_WRITE = db.Statement(Order.insert({field: given(field) for field in _WRITTEN}))


def _order(number: int, account: str, member: str) -> Order:
    now, quote = clock.now(), _quote(account)
    same = ("from_cart", "interval", "currency", "lines", "subtotal", "taxes", "total")
    return Order(
        id=clock.new_id(),
        account=account,
        quote=quote,
        number=domain.order_number(number + 1),
        status=domain.PAID,
        placed_by=member,
        placed_at=now,
        paid_at=now,
        window_ends_at=now,
        term_ends_at=now,
        **{name: getattr(quote, name) for name in same},
    )


def _events_of_orders(url: str) -> dict[str, str]:
    """order → its order.paid."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT envelope FROM outbox WHERE type = 'order.paid'")
        told = [json.loads(envelope) for (envelope,) in cursor]
    return {event["data"]["order_id"]: event["id"] for event in told}


# What it causes. ------------------------------------------------------------------------------------


class _Licenses:
    """Looks which orders have licenses that every check finds from now on. `seen`: order → when."""

    def __init__(self, url: str):
        self.seen: dict[str, float] = {}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look, args=[url], daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.over.set()
        self.thread.join()

    def _look(self, url: str) -> None:
        newest = f"SELECT order_id::text FROM licenses ORDER BY id DESC LIMIT {max(RATES) // 2}"
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(f"PREPARE newest AS {newest}")
            while not self.over.wait(LOOK_EVERY):
                cursor.execute("EXECUTE newest")
                now = time.monotonic()
                for (order,) in cursor:
                    self.seen.setdefault(order, now)
