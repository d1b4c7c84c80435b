"""May this person use that? Asked over HTTP, beside a Flask that says hello to the same request."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import asking, hello, measuring, seeds, servers
from benchmarks.report import Line, Plot, Result
from entitlements import domain
from local import ports, suite, tokens

TITLE = "A check over HTTP"
FEW, MANY = 1_000, 1_000_000
REQUESTS, BATCHES, BATCH = 2_000, 150, 100
FEATURE = "attachments.max_mb"
HELLO, BARE = "Flask hello", "Flask hello to an empty GET"
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
SIZES = ((SQLITE, FEW), (SQLITE, MANY), (POSTGRESQL, FEW), (POSTGRESQL, MANY))


class Question(NamedTuple):
    """A request and what is to be answered."""

    request: bytes
    answer: Any


def measure() -> Result:
    with ExitStack() as kept, servers.directory() as home:
        webs = {size: kept.enter_context(_entitlements(home, *size)) for size in SIZES}
        port, pid = kept.enter_context(hello.served(home))
        token = tokens.for_scopes(webs[SQLITE, FEW].keys, "entitlements:read")
        same = [
            Question(asking.post("/v1/checks", json.dumps(_asked(0)).encode(), token), json.loads(hello.ANSWER))
        ]
        bare = [Question(f"GET / HTTP/1.1\r\nHost: {ports.HOST}\r\n\r\n".encode(), None)]
        subjects = {
            HELLO: _cost(pid, port, same, REQUESTS),
            BARE: _cost(pid, port, bare, REQUESTS),
        }
        for (database, licenses), web in webs.items():
            place = web.processes["entitlements-web"].pid or 0, web.port["entitlements"]
            token = tokens.for_scopes(web.keys, "entitlements:read")
            subjects[_name(database, licenses)] = _cost(*place, _single(licenses, token), REQUESTS)
            if licenses == MANY:
                subjects[_name(database, licenses, BATCH)] = _cost(*place, _batches(licenses, token), BATCHES)
        return _result(measuring.compare(subjects, floor=HELLO))


def _name(database: str, licenses: int, batch: int = 1) -> str:
    asked = f"batch of {batch}" if batch > 1 else "check"
    return f"{asked}, {database}, {licenses:,} licenses"


@contextmanager
def _entitlements(home: Path, database: str, licenses: int) -> Iterator[suite.Suite]:
    """Its web process alone, with so many licenses."""
    whole = suite.Suite(
        home / f"{database}-{licenses}",
        broker=suite.NO_BROKER,
        databases=database.lower(),
        durable=True,
        units=("entitlements",),
    )
    whole.directory.mkdir()
    whole.start()
    try:
        whole.stop_process("entitlements-worker")
        seeds.entitlements(whole.database_url("entitlements"), licenses)
        yield whole
    finally:
        whole.stop()


def _asked(number: int) -> dict[str, str]:
    return {
        "account_id": seeds.the_id(seeds.ACCOUNT, number // seeds.PER_ACCOUNT),
        "member_id": seeds.the_id(seeds.MEMBER, number),
        "feature": FEATURE,
    }


def _answered(number: int) -> dict[str, Any]:
    plan = seeds.PLANS[number % len(seeds.PLANS)]
    return domain.verdict(domain.ACTIVE, plan["features"][FEATURE], None)._asdict()


def _single(licenses: int, token: str) -> list[Question]:
    """About people from all over the accounts."""
    return [
        Question(asking.post("/v1/checks", json.dumps(_asked(one)).encode(), token), _answered(one))
        for one in random.sample(range(licenses), FEW)
    ]


def _batches(licenses: int, token: str) -> list[Question]:
    return [_batch(random.sample(range(licenses), BATCH), token) for _ in range(50)]


def _batch(numbers: Sequence[int], token: str) -> Question:
    body = json.dumps({"checks": [_asked(one) for one in numbers]}).encode()
    answer = {"items": [{**_asked(one), **_answered(one)} for one in numbers]}
    return Question(asking.post("/v1/checks/batch", body, token), answer)


def _cost(pid: int, port: int, questions: list[Question], times: int) -> measuring.Subject:
    """The processor seconds of one request; every answer is looked at."""

    def ask() -> None:
        with asking.connected(port) as connection:
            for number in range(times):
                question = questions[number % len(questions)]
                body = connection.ask(question.request)
                assert question.answer is None or json.loads(body) == question.answer, body

    return lambda: measuring.processor_seconds(pid, ask) / times


def _result(rounds: measuring.Rounds) -> Result:
    lines, sure = [], rounds.conclusive
    for database in (POSTGRESQL, SQLITE):
        few, many = _name(database, FEW), _name(database, MANY)
        must, aim = (0.04, 0.02) if database == POSTGRESQL else (None, None)
        batch = measuring.Spread(*(value / BATCH for value in rounds.ratio(_name(database, MANY, BATCH))))
        lines += [
            Line(f"{few} ÷ hello", rounds.ratio(few), 1.4, 1.1, conclusive=sure),
            Line(f"{many} ÷ hello", rounds.ratio(many), 1.4, 1.1, conclusive=sure),
            Line(
                f"{database}, {MANY:,} ÷ {FEW:,} licenses", rounds.ratio(many, few), 1.1, 1.05, conclusive=sure
            ),
            Line(f"{_name(database, MANY, BATCH)}, per check ÷ hello", batch, must, aim, conclusive=sure),
        ]
    lines.append(Line("hello to an empty GET ÷ hello", rounds.ratio(BARE)))
    lines.append(Line("hello ÷ itself", rounds.ratio(measuring.AGAIN)))
    microseconds = [(name, rounds.cost(name).middle * 1e6) for name in rounds.costs]
    notes = [
        "Processor time of the web process: gunicorn with one worker and the threads of the service, the token "
        "verified before and cached, permission and metrics as always; hello is asked the same bytes.",
        "One client on one connection; the people are chosen at random from all; every answer is looked at.",
        "SQLite is for development, and a list of people has no bound there: each is on other pages of its"
        " file, which the web process reads.",
    ]
    return Result(lines, notes, [Plot("checks", "Processor time of a request", microseconds, "µs")])
