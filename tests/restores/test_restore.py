"""A database is restored to an earlier moment; its readers go back, what stands is told again, and all agree.

docs/runbooks/database-lost.md says the same for people.
"""

import json
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import pytest

import backups
from faults import checker
from faults.patient import Patient
from faults.shop import Shop
from journeys.people import Json, until
from local.suite import Suite


@pytest.fixture
def shop(patient: Patient) -> Shop:
    return Shop(patient)


@pytest.fixture
def saved(patient: Patient, tmp_path: Path) -> Callable[[str], Path]:
    def save(service: str) -> Path:
        backups.save(url(patient.suite, service), file := tmp_path / service)
        return file

    return save


@pytest.fixture
def publishes(patient: Patient, tmp_path: Path) -> Iterator[Callable[[int], None]]:
    """publishes(3100) is a new price of eco; other tests buy at that of the sample plans."""

    def publish(price: int) -> None:
        plans = json.loads((resources.files("catalog") / "data/plans.json").read_text())
        plans[0]["prices"][0]["unit_amount"] = price
        (tmp_path / "plans.json").write_text(json.dumps(plans))
        patient.suite.run("catalog", "load-plans", str(tmp_path / "plans.json"))

    yield publish
    patient.suite.run("catalog", "load-plans")


def url(suite: Suite, service: str) -> str:
    return suite.env_of(service)["DATABASE_URL"]


def restore(patient: Patient, service: str, file: Path) -> dict[str, str]:
    """As the runbook says it; what each reader said when it went back."""
    readers = [one for one in ("orders", "entitlements", "notifier") if service in checker.followed_by(one)]
    patient.await_sent(service)
    patient.down(service)
    at = backups.restore(url(patient.suite, service), file)
    for reader in readers:
        patient.purge(reader)
    patient.up(service)
    return {one: patient.suite.run(one, "rewind", "--source", service, "--restored-at", at) for one in readers}


def undone(said: str) -> list[tuple[str, Json]]:
    """Type and data of the events that the notifier named."""
    lines = [line.split(" ", 4) for line in said.splitlines() if line.startswith("  ")]
    return [(line[3].rstrip(":"), json.loads(line[4][line[4].index("{") :])) for line in lines]


def test_entitlements_is_restored_and_everything_agrees_again(patient, shop, saved):
    shop.assigns(shop.person, "eco")
    assert checker.until_whole(patient.suite, shop) == []
    file = saved("entitlements")
    zoe = shop.hires("Zoe")
    shop.assigns(zoe, "eco")
    shop.parks("eco", 2)
    shop.call("entitlements", "PATCH", "/v1/accounts/{a}", {"name": "Another name"})
    bought = shop.awaits_licenses(shop.buys("eco", 2))
    assert checker.until_whole(patient.suite, shop) == []

    said = restore(patient, "entitlements", file)
    patient.suite.run("entitlements", "retell", shop.id)

    assert {type_ for type_, _ in undone(said["notifier"])} == {
        "member.added",
        "license.assigned",
        "seats.parked",
        "account.changed",
        "license.issued",
    }
    assert said["orders"].startswith(f"{shop.id}: ")
    assert checker.until_whole(patient.suite, shop) == []
    assert shop.order(bought)["status"] == "fulfilled"
    assert shop.pool("eco") == {"capacity": 7, "assigned": 1, "free": 6, "parked": 0}

    shop.assigns(shop.hires("Zoe"), "eco")
    shop.awaits_licenses(shop.buys("eco", 1))
    assert checker.until_whole(patient.suite, shop) == []


def test_orders_is_restored_what_was_paid_since_is_named_and_all_else_goes_on(patient, shop, saved):
    file = saved("orders")
    bought = shop.awaits_licenses(shop.buys("eco", 2))
    assert checker.until_whole(patient.suite, shop) == []

    said = restore(patient, "orders", file)
    later = shop.awaits_licenses(shop.buys("eco", 1))

    assert said["entitlements"].startswith(f"{shop.id}: ")
    [lost] = [data for type_, data in undone(said["notifier"]) if type_ == "order.paid"]
    assert (lost["order_id"], lost["total"]) == (bought["id"], bought["total"])
    line = (bought["id"].replace("-", ""), 1)
    found = checker.until_whole(patient.suite, shop, within=10)
    assert found
    assert {finding.kind for finding in found} <= {checker.GHOST, checker.DOUBLED}
    assert [finding.text for finding in found if "licenses of" in finding.text] == [
        f"licenses of order line {line}: 2 instead of 0"
    ]
    assert shop.order(later)["status"] == "fulfilled"


def test_catalog_is_restored_and_the_plan_is_published_anew(patient, shop, saved, publishes):
    def sold_for(price: int) -> bool:
        return price in [one["unit_amount"] for one in shop.sees_offers()[0]["prices"]]

    file = saved("catalog")
    publishes(3100)
    until("the new price", lambda: sold_for(3100))

    said = restore(patient, "catalog", file)
    publishes(3200)

    assert all(one.startswith("eco: 1 events after") for one in said.values())
    until("the newer price", lambda: sold_for(3200))
    assert checker.until_whole(patient.suite, shop) == []
