"""The client of products: how quick it answers, what a million licenses cost, how soon a change counts."""

import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil
from growthbook import GrowthBook
from UnleashClient import UnleashClient
from UnleashClient.cache import FileCache

import seatwise
from benchmarks import measuring, seeds, servers
from benchmarks.measuring import Spread
from benchmarks.report import Line, Plot, Result
from kit import db
from local import suite, tokens
from seatwise.testing import Licenses

TITLE = "The client"
Ask = Callable[[str, str], object]  # member, feature
FEATURE = "retrieval"
MEMBERS = [f"member-{number}" for number in range(20)]
HOLDERS = MEMBERS[::2]
QUESTIONS = 20_000
OURS, UNLEASH, GROWTHBOOK = "seatwise", "UnleashClient", "GrowthBook"

LICENSES = 1_000_000
SNAPSHOTS = 3
CHANGES, CHANGES_OVER_HTTP = 100, 20
PAUSE = 0.05  # seconds between two changes, about
SLOWEST = 60  # seconds
FILL = (
    "INSERT INTO streams (subject, head, last, moved_at) SELECT id::text, 1, id, 0 FROM accounts",
    'INSERT INTO pools (account, plan, "interval", assigned, free, parked)'
    ' SELECT account, plan, "interval", count(*), 0, 0 FROM licenses GROUP BY account, plan, "interval"',
    "ANALYZE",
)


def measure() -> Result:
    rounds = _answers()
    with _service() as running:
        snapshots = [_in_another_process(running) for _ in range(SNAPSHOTS)]
        with_broker = _changes(running, running.broker_url, CHANGES)
        over_http = _changes(running, None, CHANGES_OVER_HTTP)
    nanoseconds = {name: rounds.cost(name).middle * 1e9 for name in (OURS, GROWTHBOOK, UNLEASH)}
    sound = rounds.conclusive
    snapshot = [Spread.of(values) for values in zip(*snapshots, strict=True)]
    answer = Spread(*(cost * 1e9 for cost in rounds.cost(OURS)))
    return Result(
        [
            Line("an answer", answer, 1000, 350, "ns", conclusive=sound),
            Line("÷ UnleashClient", rounds.ratio(UNLEASH), 20, 65, "×", more=True, conclusive=sound),
            Line("÷ GrowthBook", rounds.ratio(GROWTHBOOK), 4, 11, "×", more=True, conclusive=sound),
            Line("a million licenses from the snapshot", snapshot[0], 6, 3, "s"),
            Line("of which the client's own processor time", snapshot[1], unit="s"),
            Line("memory for them", snapshot[2], 220, 150, "MiB"),
            Line("unassign → the client says no, with the broker", with_broker, unit="ms"),
            Line("unassign → the client says no, over HTTP alone", over_http, unit="ms"),
        ],
        [
            f"The question to all three: is {FEATURE!r} on for this person? Of {len(MEMBERS)} people"
            f" {len(HOLDERS)} have it: theirs are the licenses here, the ids in a rule there. All answer in the"
            " process, configured offline; the answers were counted.",
            f"The snapshot comes over HTTP from a process of entitlements with {LICENSES:,} licenses on"
            " PostgreSQL, into the client's file and its memory, in a new process each time.",
            "A change counts from the moment at which the DELETE is sent to a service that keeps what it"
            f" commits; over HTTP alone the client looks every 3 s. {CHANGES} and {CHANGES_OVER_HTTP} of them.",
        ],
        [Plot("client", "An answer in the process", list(nanoseconds.items()), "ns")],
    )


# Answers. -------------------------------------------------------------------------------------------


def _answers() -> measuring.Rounds:
    asked = {OURS: _ours(), UNLEASH: _unleash(), GROWTHBOOK: _growthbook()}
    return measuring.compare({name: _asking(ask) for name, ask in asked.items()}, floor=OURS)


def _asking(ask: Ask) -> measuring.Subject:
    """Seconds for an answer, the loop itself included."""
    members = MEMBERS * (QUESTIONS // len(MEMBERS))

    def run() -> float:
        yes = 0
        began = time.perf_counter()
        for member in members:
            if ask(member, FEATURE):
                yes += 1
        took = time.perf_counter() - began
        if yes != len(members) * len(HOLDERS) // len(MEMBERS):
            raise RuntimeError(f"{yes} of {len(members)} answers were yes")
        return took / len(members)

    return run


def _ours() -> Ask:
    licenses = Licenses()
    for member in HOLDERS:
        licenses.give(member, "pro", {FEATURE: True, "attachments.max_mb": 2560})
    return licenses.allows


def _unleash() -> Ask:
    strategy = {"name": "userWithId", "parameters": {"userIds": ",".join(HOLDERS)}}
    told = {"version": 2, "features": [{"name": FEATURE, "enabled": True, "strategies": [strategy]}]}
    cache = FileCache("bench", directory=tempfile.mkdtemp(prefix="seatwise-bench-"))
    cache.bootstrap_from_dict(told)
    client = UnleashClient(
        "http://127.0.0.1:9", "bench", cache=cache, disable_metrics=True, disable_registration=True
    )
    client.initialize_client(fetch_toggles=False)
    return lambda member, feature: client.is_enabled(feature, {"userId": member})


def _growthbook() -> Ask:
    rule = {"condition": {"id": {"$in": HOLDERS}}, "force": True}
    client = GrowthBook(features={FEATURE: {"defaultValue": False, "rules": [rule]}})

    def ask(member: str, feature: str) -> object:
        client.set_attributes({"id": member})
        return client.is_on(feature)

    return ask


# A million licenses. --------------------------------------------------------------------------------


class Held(NamedTuple):
    """A license in somebody's hands."""

    account: str
    assignment: str
    member: str


class Running(NamedTuple):
    """Entitlements as it runs in production, with a million licenses."""

    url: str
    broker_url: str
    token: str
    keys: Path
    held: list["Held"]  # what may be taken away


@contextmanager
def _service() -> Iterator[Running]:
    with servers.directory() as home:
        all_of_it = suite.Suite(home, databases=suite.POSTGRESQL, durable=True, units=("entitlements",))
        all_of_it.start()
        try:
            held = _fill(all_of_it.database_url("entitlements"))
            token = tokens.for_scopes(all_of_it.keys, "entitlements:read events:read")
            url = all_of_it.urls["entitlements"]
            yield Running(url, all_of_it.broker_url, token, all_of_it.keys, held)
        finally:
            all_of_it.stop()


def _fill(url: str) -> list[Held]:
    seeds.entitlements(url, LICENSES)
    opened = db.connect(url)
    with opened.connection_context():
        for statement in FILL:
            opened.execute_sql(statement)
        one_in_each_account = (
            "SELECT DISTINCT ON (account) account::text, id::text, member::text FROM assignments LIMIT 500"
        )
        found = [Held(*row) for row in opened.execute_sql(one_in_each_account)]
    opened.close()
    return found


def _in_another_process(running: Running) -> tuple[float, float, float]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as another:
        return another.submit(_take_snapshot, running.url, running.token, LICENSES).result()


def _take_snapshot(url: str, token: str, licenses: int) -> tuple[float, float, float]:
    """Seconds, seconds of the processor, MiB."""
    process = psutil.Process()
    before, busy, began = process.memory_info().rss, time.process_time(), time.perf_counter()
    with servers.directory() as home, seatwise.Client(url, token, file=home / "licenses.db") as client:
        if not client.wait(SLOWEST):
            raise RuntimeError("the snapshot did not come")
        took, spent = time.perf_counter() - began, time.process_time() - busy
        known, memory = len(client.held()), process.memory_info().rss - before
    if known != licenses:
        raise RuntimeError(f"{known} of {licenses} licenses are known")
    return took, spent, memory / 2**20


# Changes. -------------------------------------------------------------------------------------------


def _changes(running: Running, broker: str | None, count: int) -> Spread:
    """Milliseconds from sending each unassign until the client answers no."""
    chosen = [running.held.pop() for _ in range(count)]
    with (
        servers.directory() as home,
        seatwise.Client(running.url, running.token, file=home / "licenses.db", broker=broker) as client,
    ):
        client.wait(SLOWEST)
        if not all(client.license_of(one.member) for one in chosen):
            raise RuntimeError("somebody is not known to hold a license")
        time.sleep(4)  # until it listens, and has looked again
        return Spread.of([_change(running, client, one) for one in chosen])


def _change(running: Running, client: seatwise.Client, held: Held) -> float:
    url = f"{running.url}/v1/accounts/{held.account}/assignments/{held.assignment}"
    headers = {"Authorization": f"Bearer {tokens.for_role(running.keys, held.account)}"}
    time.sleep(random.uniform(0, 2 * PAUSE))
    began = time.perf_counter()
    httpx.delete(url, headers=headers, timeout=10).raise_for_status()
    while client.allows(held.member, FEATURE).reason != "no-license":
        if time.perf_counter() - began > SLOWEST:
            raise RuntimeError("the client never heard of it")
        time.sleep(0.0005)
    return (time.perf_counter() - began) * 1000
