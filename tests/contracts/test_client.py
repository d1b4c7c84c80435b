"""The client and entitlements understand each other: whatever is lost on the way, both know the same."""

import json
import logging
import os
import random
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest
from architecture.worlds import EVENTS as CONTRACTS
from architecture.worlds import Tellers
from contracts.asyncapi import events as contracts
from werkzeug.serving import make_server

import seatwise
from entitlements import commands, queries
from entitlements.models import LIVE, Assignment
from journeys.people import until
from kit import auth, clock, db
from kit.errors import Refusal
from kit.outbox import Outbox
from seatwise.events import TYPES, parse
from seatwise.store import Store

INTERVALS, STATUSES = ("month", "year"), ("active", "grace", "suspended")
EVENTS = 10_000 if "FAULT_MATRIX" in os.environ else 1_000
ACCOUNTS, MEMBERS, TOGETHER = 5, 12, 50
PLANS = ("eco", "pro")


@pytest.fixture
def package() -> str:
    return "entitlements"


@pytest.fixture
def url(app) -> Iterator[str]:
    """Where entitlements answers over real HTTP."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def product(url, keys, tmp_path) -> Iterator[seatwise.Client]:
    signer = auth.Signer(keys / "operator.json")
    token = partial(signer.token, "product", {"events:read", "entitlements:read"}, aud="entitlements")
    with seatwise.Client(url, token, file=tmp_path / "own.db", look_every=0.3) as made:
        assert made.wait(60)
        yield made


@pytest.fixture
def tellers(world) -> Tellers:
    return Tellers("entitlements")


@pytest.fixture
def people(tellers) -> list[tuple[str, str]]:
    """(account, member) of several accounts that have licenses enough."""
    found = []
    for number in range(ACCOUNTS):
        domain = f"office{number}.example"
        first = {"email": f"ada@{domain}", "name": "Ada", "locale": "en"}
        account, _ = commands.open_account(CONTRACTS["account.opened"]["examples"][0], first)
        lines = [{"line": line, "plan": plan, "version": 1, "seats": 20} for line, plan in enumerate(PLANS, 1)]
        for interval in INTERVALS:
            paid = {**CONTRACTS["order.paid"]["examples"][0], "order_id": clock.new_id(), "lines": lines}
            tellers.tell("order.paid", account.id, {**paid, **subscription(account.id, interval)})
        for name in range(MEMBERS):
            person = {"email": f"person{name}@{domain}", "name": "P", "locale": "en", "roles": ["member"]}
            found.append((account.id, commands.add_member(account.id, person).id))
    return found


def subscription(account: str, interval: str) -> dict[str, str]:
    return {"subscription_id": str(uuid.uuid5(uuid.UUID(account), interval)), "interval": interval}


@pytest.fixture
def turn(tellers):
    """turn(account, interval, status): orders tells how the subscription stands from now on."""

    def turning(account: str, interval: str, status: str) -> None:
        told = {**CONTRACTS["subscription.changed"]["examples"][0], **subscription(account, interval)}
        tellers.tell("subscription.changed", account, {**told, "status": status})

    return turning


def known_to(file) -> str:
    """What the file of the client holds, in one spelling."""
    store = Store(file)
    grants = store.grants()
    lines = [spelled(account, member, **grants[grant]._asdict()) for account, member, grant in store.holders()]
    store.close()
    return "\n".join(sorted(lines))


def told_now() -> str:
    """What the snapshot says, in the same spelling."""
    page = queries.snapshot(None, "")
    return "\n".join(
        sorted(
            spelled(item["account_id"], member, **page["grants"][held["grant"]])
            for item in page["items"]
            for held in item["holders"]
            for member in held["members"]
        )
    )


def spelled(account: str, member: str, **granted: object) -> str:
    return json.dumps([account, member, granted], sort_keys=True)


def test_events_lost_repeated_and_late_leave_the_replica_as_the_snapshot_byte_for_byte(
    product, people, turn, tmp_path
):
    rolls = random.Random(7)
    [follower] = product.followers
    last, late = Outbox.select().count(), []
    while last < EVENTS:
        for account in dict(people):
            turn(account, rolls.choice(INTERVALS), rolls.choice(STATUSES))
        with db.atomic():
            for account, member in rolls.choices(people, k=TOGETHER):
                held = Assignment.get_or_none((Assignment.member == member) & LIVE)
                if held:
                    commands.unassign_license(account, held.id)
                else:
                    with suppress(Refusal):  # all that is free may be suspended
                        commands.assign_license(account, member, rolls.choice(PLANS))
        told = [parse(row.envelope) for row in Outbox.select().where(Outbox.id > last).order_by(Outbox.id)]
        last += len(told)
        arriving, late = late, []
        for event in told:
            fate = rolls.choices(("come", "lost", "twice", "late"), (70, 10, 10, 10))[0]
            arriving += [event] * {"come": 1, "twice": 2}.get(fate, 0)
            late += [event] * (fate == "late")
        rolls.shuffle(arriving)
        for event in arriving:
            follower.take(event)
    wanted = told_now()
    assert wanted.count("\n") > MEMBERS
    assert {"license.changed", "license.suspended", "license.restored"} <= {row.type for row in Outbox.select()}
    assert '"status": "grace"' in wanted or '"status": "suspended"' in wanted

    until("the replica to be whole", lambda: known_to(tmp_path / "own.db") == wanted, 120)
    assert product.held() == {
        json.loads(line)[1]: [json.loads(line)[2]["plan"]] for line in wanted.splitlines()
    }


@pytest.mark.parametrize("status", STATUSES)
def test_the_client_and_a_check_over_http_answer_alike(product, people, turn, status):
    account, ada = people[0]
    _, bob = people[1]
    commands.assign_license(account, ada, "pro")
    for interval in INTERVALS:
        turn(account, interval, status)
    until("the client to hear of it", lambda: (held := product.license_of(ada)) and held.status == status)
    asked = [(member, *question) for member in (ada, bob) for question in QUESTIONS]
    checks = [
        {
            "account_id": account,
            "member_id": member,
            "feature": feature,
            **({"amount": amount} if amount else {}),
        }
        for member, feature, amount in asked
    ]

    theirs = [(one["allowed"], one["reason"], one["value"]) for one in queries.check_many(checks)]
    assert [tuple(product.allows(*question))[:3] for question in asked] == theirs


QUESTIONS = [
    (feature, amount)
    for feature in CONTRACTS["plan.published"]["examples"][0]["features"]
    for amount in (None, 1, 10**6)
]


def test_the_client_knows_every_event_of_entitlements_by_its_name():
    assert {contract["type"] for contract in contracts("entitlements")} == TYPES
