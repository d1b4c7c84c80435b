"""The unit as a whole: its command line, its contracts, how often it asks its database."""

import os
import subprocess
import sys

import pytest

from entitlements import commands
from kit import db
from service_fixtures import announced


@pytest.fixture
def run(database_url, keys):
    """python -m entitlements …, in a process of its own."""

    def running(*arguments):
        told = {"DATABASE_URL": database_url, "TRUST_DIR": str(keys / "trust")}
        told |= {"SIGNING_KEY_FILE": str(keys / "entitlements.json")}
        told |= {"CATALOG_URL": "http://127.0.0.1:1", "ORDERS_URL": "http://127.0.0.1:1"}
        command = [sys.executable, "-m", "entitlements", *arguments]
        return subprocess.run(command, env={**os.environ, **told}, capture_output=True, text=True, check=False)

    return running


def test_the_unit_checks_itself_and_verifies_its_seats(office, run):
    office.buys("eco", 2)
    office.assigns(office.administrator["id"], "eco")
    assert (run("check").stdout, run("migrate").stdout) == ("ok\n", "")
    assert run("verify").returncode == 0

    with db.atomic():
        db.database.execute_sql("UPDATE pools SET assigned = 2")
    damaged = run("verify")
    assert damaged.returncode == 1
    assert "'eco', 'year', 'assigned'" in damaged.stdout


def test_after_a_restore_an_account_is_told_again_as_it_stands(office, run):
    office.buys("eco", 5, "year")
    office.parks("eco", 2)
    bob, carl = office.hires("bob"), office.hires("carl")
    office.does("DELETE", f"/members/{carl}")
    before = len(announced())

    assert run("retell", office.id).stdout == f"{office.id}: told again\n"

    told = announced()[before:]
    assert [event.type for event in told] == ["account.changed"] + ["member.changed"] * 2 + ["seats.counted"]
    assert {event.data["member_id"] for event in told[1:3]} == {bob, office.administrator["id"]}
    assert told[3].data["parked"] == told[3].data["pool"]["parked"] == 2
    assert {event.actor.partition(":")[0] for event in told} == {"operator"}
    assert run("verify").returncode == 0


def test_an_account_that_is_not_ours_is_not_told_again(office, run):
    stranger = run("retell", "019ab000-0000-7000-8000-0000000000e9")

    assert (stranger.returncode, stranger.stderr) == (1, "Error: There is no such account.\n")


@pytest.mark.parametrize(
    ("option", "value"), [("--reason", ""), ("--reason", "x" * 501), ("--event-id", "first")]
)
def test_the_command_line_takes_for_streams_what_http_takes(office, run, option, value):
    refused = run("streams", "skip", "orders", office.id, "--reason", "sold twice", option, value)

    assert (refused.returncode, refused.stderr.startswith("Error: ")) == (1, True)
    assert "There is no such stopped stream" not in refused.stderr
    assert option.strip("-").replace("-", "_") in refused.stderr


def test_every_contract_of_ours_is_announced_in_one_working_day(office, client, bearer, contracts):
    ours = {type_ for type_, contract in contracts.items() if contract["publisher"] == "entitlements"}
    office.buys("eco", 3)
    bob = office.hires("bob")
    office.assigns(bob, "eco")
    office.does("POST", "/reminders", {"members": [bob]})
    license = office.gets(f"/members/{bob}")["license"]["id"]
    notifier = bearer("activation:link", issuer="notifier")
    code = client.get(f"{office.url}/licenses/{license}/activation", headers=notifier).json["code"]
    client.post("/v1/activations", json={"code": code, "device": {"id": "d1", "name": "Laptop"}})
    office.does("DELETE", f"/members/{bob}/devices")
    office.does("DELETE", f"/parkings/{office.parks('eco', 1).json['id']}")
    office.does("PATCH", f"/members/{bob}", {"locale": "fr", "email": f"rob@{office.domain}"})
    office.does("DELETE", f"/members/{bob}/address-change")
    for kind in ("sign-in", "permission"):
        refused = {"member_id": bob, "kind": kind}
        client.post("/v1/refusals", json=refused, headers=bearer("sign-in", issuer="portal"))
    commands.start_demo_session(office.id, bob, commands.Browser(None, None))
    office.does("DELETE", f"/members/{bob}")
    office.does("PATCH", "", {"name": "Acme Inc."})
    office.does("DELETE", f"/domains/{office.domain}")
    commands.retell_account(office.id)
    office.assigns(office.administrator["id"], "eco")
    for status in ("grace", "suspended", "active"):
        office.hears(status)

    assert {event.type for event in announced()} == ours
    secrets = [code, code.replace("-", "")]
    assert not [event for event in announced() if any(secret in str(event.data) for secret in secrets)]


@pytest.mark.parametrize("path", ["/members", "/licenses", "/pools", "/parkings"])
def test_a_longer_list_asks_the_database_no_more_often(office, statements, path):
    office.buys("eco", 20)
    office.parks("eco", 1)

    def ask():
        assert office.gets(path)["items"]

    short = len(statements(ask))
    for number in range(8):
        office.assigns(office.hires(f"p{number}"), "eco")
        office.parks("eco", 1)

    assert len(statements(ask)) == short <= 4


def test_a_check_is_one_statement(office, client, bearer, statements):
    office.buys("advanced", 1)
    ada = office.administrator["id"]
    office.assigns(ada, "advanced")
    headers = bearer("entitlements:read")
    question = {"account_id": office.id, "member_id": ada, "feature": "retrieval"}

    client.post("/v1/checks", json=question, headers=headers)  # PostgreSQL plans it once per connection

    assert len(statements(lambda: client.post("/v1/checks", json=question, headers=headers))) == 1
    batch = {"checks": [question] * 100}
    assert len(statements(lambda: client.post("/v1/checks/batch", json=batch, headers=headers))) == 1
