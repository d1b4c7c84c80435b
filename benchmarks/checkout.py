"""From a cart to a paid order, as the portal asks for it, beside a Flask that says hello."""

import itertools
import json

import psycopg2

from benchmarks import asking, hello, measuring, servers
from benchmarks.report import Line, Plot, Result
from journeys.people import Office
from local import suite

TITLE = "Checkout to paid"
ACCOUNTS, CHECKOUTS, HELLOS = 10, 100, 2_000
HELLO, CHECKOUT = "Flask hello", "cart, quote, order, payment"
CART = {"interval": "month", "lines": [{"plan": "eco", "seats": 1}]}
PAID = "SELECT count(*) FROM orders WHERE paid_at IS NOT NULL"


def measure() -> Result:
    with servers.directory() as home, hello.served(home) as (port, pid):
        shop = suite.Suite(
            home / "suite",
            databases=suite.POSTGRESQL,
            durable=True,
            units=("catalog", "orders", "entitlements"),
        )
        shop.directory.mkdir()
        shop.start()
        try:
            return _result(*_compared(shop, port, pid))
        finally:
            shop.stop()


def _compared(shop: suite.Suite, port: int, pid: int) -> tuple[measuring.Rounds, int]:
    """The milliseconds of each, and how many orders were paid, which must be all."""
    offices = [Office(shop) for _ in range(ACCOUNTS)]
    for office in offices:
        office.sees_offers()
    web = shop.processes["orders-web"].pid
    assert web
    turns, bought = itertools.cycle(offices), itertools.count()

    def checkouts() -> None:
        for office, _ in zip(turns, range(CHECKOUTS), strict=False):
            _buys(office)
            next(bought)

    def hellos() -> None:
        asked = asking.post("/v1/checks", json.dumps({}).encode(), "none")
        with asking.connected(port) as connection:
            for _ in range(HELLOS):
                assert connection.ask(asked) == hello.ANSWER

    costs = {
        HELLO: lambda: measuring.processor_seconds(pid, hellos) * 1_000 / HELLOS,
        CHECKOUT: lambda: measuring.processor_seconds(web, checkouts) * 1_000 / CHECKOUTS,
    }
    rounds, sold = measuring.compare(costs, floor=HELLO), next(bought)
    connection = psycopg2.connect(shop.database_url("orders"))
    with connection, connection.cursor() as cursor:
        cursor.execute(PAID)
        [[paid]] = cursor.fetchall()
    connection.close()
    assert paid == sold, f"{sold} checkouts, {paid} paid orders"
    return rounds, sold


def _buys(office: Office) -> None:
    office.call("orders", "PUT", "/v1/accounts/{a}/cart", CART)
    quote = office.call("orders", "POST", "/v1/accounts/{a}/quotes", {})
    order = office.call("orders", "POST", "/v1/accounts/{a}/orders", {"quote_id": quote["id"]})
    assert office.pays(order)["status"] == "paid"


def _result(rounds: measuring.Rounds, sold: int) -> Result:
    sure = rounds.conclusive
    lines = [
        Line(CHECKOUT, rounds.cost(CHECKOUT), 8, 5, "ms", conclusive=sure),
        Line("the same ÷ hello", rounds.ratio(CHECKOUT)),
        Line("hello ÷ itself", rounds.ratio(measuring.AGAIN)),
    ]
    notes = [
        "Processor time of orders' web process on PostgreSQL: cart, quote, order and payment by the "
        "sandbox card, four requests with a token, while workers and broker do their part.",
        f"{sold:,} checkouts, as many orders paid in the database.",
    ]
    bars = [(name, rounds.cost(name).middle) for name in (HELLO, CHECKOUT)]
    return Result(lines, notes, [Plot("checkout", "Processor time of a checkout", bars, "ms")])
