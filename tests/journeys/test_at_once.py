"""Many clicks at once, over HTTP to real processes: one charge, one set of licenses, no seat given twice."""

import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from faults import checker
from faults.patient import Patient
from journeys.people import Office, until

pytestmark = pytest.mark.slow

TAKERS = Path(__file__).with_name("takers.py")


@pytest.fixture
def office(patient: Patient) -> Office:
    return Office(patient.suite)


def test_eight_clicks_on_pay_charge_once_and_bring_one_set_of_licenses_and_one_mail(office):
    order = office.orders("eco", 5)
    together = Barrier(8)

    def click(_):
        together.wait()
        return office.pays(order)["status"]

    with ThreadPoolExecutor(8) as clicks:
        answers = list(clicks.map(click, range(8)))

    assert set(answers) <= {"paid", "processing"}
    assert "paid" in answers
    office.awaits_licenses(order)
    assert office.pool("eco")["capacity"] == 5
    until("the receipt", lambda: office.mails_to(office.ada))
    assert checker.until_whole(office.suite, office) == []
    ledger = checker.read(office.suite, office)
    assert len(ledger.charges) == 1
    assert [event["type"] for event in ledger.said("orders")].count("order.paid") == 1
    assert [event["type"] for event in ledger.said("entitlements")].count("license.issued") == 1
    assert len(office.mails_to(office.ada)) == 1


def say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_of_200_takers_in_four_processes_exactly_10_get_the_10_free_seats(office):
    office.awaits_licenses(office.buys("pro", 10))
    with ThreadPoolExecutor(4) as hiring:
        members = [person["id"] for person in hiring.map(office.hires, (f"P {n}" for n in range(200)))]
    told = {
        "url": office.suite.urls["entitlements"],
        "headers": office.headers(),
        "account": office.id,
        "plan": "pro",
    }
    processes = [
        subprocess.Popen([sys.executable, TAKERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for number, process in enumerate(processes):
        say(process, json.dumps({**told, "members": members[number::4]}))
    assert [hear(process) for process in processes] == ["ready"] * 4
    for process in processes:
        say(process, "go")
    answers = Counter(answer for process in processes for answer in json.loads(hear(process)))
    assert [process.wait(60) for process in processes] == [0] * 4

    assert answers == {"assigned": 10, "no-free-license": 190}
    assert office.pool("pro") == {"capacity": 10, "assigned": 10, "free": 0, "parked": 0}
    assert checker.until_whole(office.suite, office) == []


def test_the_same_person_assigned_by_eight_clicks_holds_one_license_and_gets_one_mail(office):
    office.awaits_licenses(office.buys("eco", 8))
    kim = office.hires("Kim Sato")
    with ThreadPoolExecutor(8) as clicks:
        assignments = list(clicks.map(lambda _: office.assigns(kim, "eco")["id"], range(8)))

    assert len(set(assignments)) == 1
    assert checker.until_whole(office.suite, office) == []
    assert len(office.mails_to(kim)) == 1
