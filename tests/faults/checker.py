"""Compares what all services hold with what was said: nothing lost, doubled, from nowhere, wrong or stuck.

Every event takes effect exactly once: paid seats = licenses = pools; assigned = held; one mail with
one Message-ID for each cause; one activity for each event; every cursor at the head of its stream.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from faults.ledger import ABOUT_ACCOUNTS, Ledger, Row, followed_by
from journeys.people import Office
from local.suite import NO_BROKER, SERVICES, Suite

LOST, DOUBLED, GHOST, WRONG, STUCK = "lost", "doubled", "ghost", "wrong", "stuck"
SOON = 90  # seconds; a mail whose sender ended waits for 60 of them
last_look = Counter[str]()  # how many of each kind there were when it was looked last
STAYS_SO = 1.0  # a second effect would follow the first one at once


class Finding(NamedTuple):
    kind: str
    text: str


def read(suite: Suite, *offices: Office) -> Ledger:
    return Ledger(suite, [office.id for office in offices])


def findings(suite: Suite, *offices: Office, skipped: Collection[str] = ()) -> list[Finding]:
    """What is amiss at this moment; `skipped`: events that an operator stepped over everywhere."""
    ledger = read(suite, *offices)
    rules: tuple[Callable[[Ledger], Iterator[Finding]], ...] = (
        _streams,
        _seats,
        _holders,
        _money,
        _mails,
        _copies,
    )
    found = [finding for rule in rules for finding in rule(ledger)]
    found += _activities(ledger, skipped)
    if suite.broker_url != NO_BROKER:
        found += _unsent(ledger)
    count(found)
    return found


def count(found: list[Finding]) -> None:
    """This is what was seen last."""
    last_look.clear()
    last_look.update(finding.kind for finding in found)


def until_whole(
    suite: Suite,
    *offices: Office,
    skipped: Collection[str] = (),
    within: float = SOON,
    stays: float = STAYS_SO,
) -> list[Finding]:
    """Wait until nothing is amiss, and stays so; [] then, else what is still amiss after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        began = time.monotonic()  # a look at much takes long, and what it saw first may be old by its end
        found = findings(suite, *offices, skipped=skipped)
        if not found and stays:
            time.sleep(stays)
            found = findings(suite, *offices, skipped=skipped)
        if not found or began > deadline:
            return found
        time.sleep(0.2)


def _differ(what: str, should: Counter[Any], is_: Counter[Any]) -> Iterator[Finding]:
    """Compare how often each thing should be there with how often it is."""
    for key in sorted(should.keys() | is_.keys(), key=str):
        wanted, there = should[key], is_[key]
        if there < wanted:
            yield Finding(LOST, f"{what} {key}: {there} instead of {wanted}")
        elif there > wanted:
            yield Finding(DOUBLED if wanted else GHOST, f"{what} {key}: {there} instead of {wanted}")


def _streams(ledger: Ledger) -> Iterator[Finding]:
    """Each stream is dense and chained, and all that follow it stand at its head."""
    for source in SERVICES:
        subjects: dict[str, list[Row]] = {}
        for row in ledger.outbox[source]:
            if source == "catalog" or row["subject"] in ledger.accounts:
                subjects.setdefault(row["subject"], []).append(row)
        for subject, rows in subjects.items():
            rows.sort(key=lambda row: row["sequence"])
            chain = [None, *(row["event_id"] for row in rows)]
            dense = [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
            chained = [row["event"].get("previous") for row in rows] == chain[:-1]
            if not (dense and chained and ledger.streams[source, subject]["head"] == len(rows)):
                yield Finding(WRONG, f"the log of {source} about {subject} has gaps or forks")
            for consumer in SERVICES:
                if source in followed_by(consumer):
                    yield from _cursor(ledger, (consumer, source, subject), len(rows), chain[-1])


def _cursor(ledger: Ledger, key: tuple[str, str, str], head: int, last: str | None) -> Iterator[Finding]:
    cursor = ledger.cursors.get(key)
    where = f"{key[0]} reading {key[1]} about {key[2]}"
    if cursor is None:
        yield Finding(STUCK, f"{where}: not begun of {head}")
    elif cursor["stopped"]:
        yield Finding(STUCK, f"{where}: stopped after {cursor['sequence']}: {cursor['stopped']}")
    elif cursor["sequence"] < head:
        yield Finding(STUCK, f"{where}: at {cursor['sequence']} of {head}, {cursor['error']}")
    elif cursor["sequence"] > head or cursor["last"] != last:
        yield Finding(GHOST, f"{where}: at {cursor['sequence']} of {head}")


def _unsent(ledger: Ledger) -> Iterator[Finding]:
    for source in SERVICES:
        for row in ledger.outbox[source]:
            if row["published_at"] is None and row["subject"] in ledger.accounts:
                yield Finding(STUCK, f"{row['type']} {row['event_id']} waits in the outbox of {source}")


def _seats(ledger: Ledger) -> Iterator[Finding]:
    """Paid seats = licenses = pools = subscriptions; one license.issued for each paid line."""
    paid, lines, pools, plans = Counter[Any](), Counter[Any](), Counter[Any](), Counter[Any]()
    for event in ledger.said("orders", "order.paid"):
        data = event["data"]
        for line in data.get("lines", ()):
            paid[data["order_id"], line["line"]] += line["seats"]
            lines[data["order_id"], line["line"]] += 1
            plans[event["subject"], line["plan"], data["interval"]] += line["seats"]
    issued = ledger.said("entitlements", "license.issued")
    yield from _differ(
        "licenses of order line", paid, Counter((row["order_id"], row["line"]) for row in ledger.licenses)
    )
    yield from _differ(
        "license.issued for order line",
        lines,
        Counter((event["data"]["order_id"], event["data"]["line"]) for event in issued),
    )
    states = Counter((row["account"], row["plan"], row["interval"], row["state"]) for row in ledger.licenses)
    for pool in ledger.pools:
        where = (pool["account"], pool["plan"], pool["interval"])
        pools[where] = pool["assigned"] + pool["free"] + pool["parked"]
        for state in ("assigned", "free", "parked"):
            if pool[state] != states[*where, state]:
                yield Finding(WRONG, f"pool {where} {state}: {pool[state]}, rows {states[*where, state]}")
    yield from _differ("seats of the pool", plans, pools)
    yield from _subscriptions(ledger, plans)


def _subscriptions(ledger: Ledger, plans: Counter[Any]) -> Iterator[Finding]:
    parked = {(pool["account"], pool["plan"], pool["interval"]): pool["parked"] for pool in ledger.pools}
    bought = Counter[Any]()
    for subscription in ledger.subscriptions:
        for item in ledger.items:
            if item["subscription_id"] == subscription["id"]:
                where = (subscription["account_id"], item["plan"], subscription["interval"])
                bought[where] = item["quantity"]
                if item["parked"] != parked.get(where, 0):
                    there = parked.get(where, 0)
                    yield Finding(
                        WRONG, f"parked of {where}: orders says {item['parked']}, entitlements {there}"
                    )
    yield from _differ("seats of the subscription", plans, bought)


def _holders(ledger: Ledger) -> Iterator[Finding]:
    """Who was told to hold a license holds it, and nobody else."""
    said, held = Counter[Any](), Counter[Any]()
    for event in ledger.said("entitlements", "license.assigned", "license.unassigned"):
        data = event["data"]
        step = 1 if event["type"] == "license.assigned" else -1
        said[data["assignment_id"], data["license_id"], data["member_id"]] += step
    for row in ledger.assignments:
        if row["ended_at"] is None:
            held[row["id"], row["license"], row["member"]] += 1
    yield from _differ("assignment", +said, held)
    assigned = Counter(row["id"] for row in ledger.licenses if row["state"] == "assigned")
    yield from _differ("assigned license", Counter(license for _, license, _ in held.elements()), assigned)


def _money(ledger: Ledger) -> Iterator[Finding]:
    """Each paid order was charged once, said so once and is fulfilled once."""
    paid = Counter(row["id"] for row in ledger.orders if row["paid_at"] is not None)
    order_of = {row["id"]: row["order_id"] for row in ledger.attempts}
    yield from _differ("charge of order", paid, Counter(order_of[row["attempt_id"]] for row in ledger.charges))
    for kind in ("order.paid", "order.fulfilled"):
        # What names no amount was not said by a payment.
        told = [e["data"] for e in ledger.said("orders", kind) if kind != "order.paid" or "total" in e["data"]]
        yield from _differ(kind, paid, Counter(data["order_id"] for data in told))
    for row in ledger.orders:
        if row["paid_at"] is not None and row["status"] != "fulfilled":
            yield Finding(STUCK, f"order {row['number']} is {row['status']}")


def _mails(ledger: Ledger) -> Iterator[Finding]:
    """One notice for each receipt and each assignment, and one mail for each notice that was sent."""
    causes = Counter(
        event["data"]["assignment_id"] for event in ledger.said("entitlements", "license.assigned")
    )
    undone = [json.loads(row["data"]) for row in ledger.undone("license.assigned")]
    causes += Counter(data["assignment_id"].replace("-", "") for data in undone)
    paid = [event["data"] for event in ledger.said("orders", "order.paid")]
    paid += [json.loads(row["data"]) for row in ledger.undone("order.paid")]
    causes += Counter(data["number"] for data in paid if "number" in data)
    found = Counter(row["assignment"] or _text_of(row["data"], "number") for row in ledger.notices)
    yield from _differ("notice about", causes, found)
    sent = Counter({row["id"]: 1 for row in ledger.notices if row["state"] == "sent"})
    for row in ledger.notices:
        if row["ended_at"] is None:
            yield Finding(STUCK, f"notice {row['id']} is {row['state']}: {row['reason']}")
    # Whoever came after a backup that was restored is known to the notifier alone.
    people = {row["email"] for of in ("entitlements", "notifier") for row in ledger.ours(of, "members")}
    ids = [mail["headers"]["Message-ID"] for mail in ledger.mails if mail["to"] in people]
    arrived = Counter(name.strip("<>").split("@")[0].replace("-", "") for name in ids)
    for row in ledger.notices:
        if row["doubts"]:  # a worker died between the mail and its record: a second copy, with the same id
            arrived[row["id"]] = min(arrived[row["id"]], 1)
        if row["state"] == "unknown":  # it arrived or did not: that is what it says
            del arrived[row["id"]]
    yield from _differ("mail of notice", sent, +arrived)
    told = Counter(event["data"]["notice_id"] for event in ledger.said("notifier", "notice.sent"))
    yield from _differ("notice.sent", sent, told)


def _text_of(data: Any, field: str) -> Any:
    return (json.loads(data) if isinstance(data, str) else data).get(field)


def _copies(ledger: Ledger) -> Iterator[Finding]:
    """What others copied of accounts and people is what entitlements says."""
    accounts = {row["id"]: row for row in ledger.ours("entitlements", "accounts", "id")}
    members = {row["id"]: row for row in ledger.ours("entitlements", "members")}
    for service, table, owned, fields in (
        ("orders", "accounts", accounts, ("name", "locale", "time_zone", "currency")),
        ("notifier", "accounts", accounts, ("name", "locale")),
        ("notifier", "members", members, ("name", "email", "locale")),
    ):
        copies = {row["id"]: row for row in ledger.all(service, table) if row["id"] in owned}
        yield from _differ(f"{table} in {service}", Counter(owned.keys()), Counter(copies.keys()))
        for id_, copy in copies.items():
            for field in fields:
                if copy[field] != owned[id_][field]:
                    yield Finding(
                        WRONG, f"{field} of {id_} in {service}: {copy[field]}, is {owned[id_][field]}"
                    )
    gone = {row["id"] for row in members.values() if row["removed_at"] is not None}
    known = {row["id"] for row in ledger.ours("notifier", "members") if row["removed_at"] is not None}
    for id_ in gone ^ known:
        yield Finding(WRONG, f"whether {id_} was removed differs in notifier")


def _activities(ledger: Ledger, skipped: Collection[str]) -> Iterator[Finding]:
    """The account's log has each event of each source once."""
    said = Counter(event["id"] for source in ABOUT_ACCOUNTS for event in ledger.said(source))
    for event in skipped:
        del said[event.replace("-", "")]
    told = [row["id"] for row in ledger.activities if row["undone_at"] is None]
    yield from _differ("activity of event", said, Counter(told))
