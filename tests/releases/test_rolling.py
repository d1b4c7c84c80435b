"""Releases change one by one, forwards and back, while people work: nothing fails, is lost or doubled."""

import os
from collections.abc import Iterator, Mapping

import pytest

from faults import checker
from journeys.people import Office, until
from local.suite import POSTGRESQL, SQLITE
from releases import judge, sources
from releases.records import Release

from . import variants
from .fleet import HEAD, UNITS, Fleet, Source
from .work import at_work

pytestmark = pytest.mark.slow

EVERYWHERE = [SQLITE, *[POSTGRESQL] * ("FAULT_MATRIX" in os.environ)]


@pytest.fixture(scope="module")
def released(source):
    return {unit: source(unit) for unit in UNITS}


@pytest.fixture(scope="module", params=EVERYWHERE)
def base(request, released, tmp_path_factory) -> Iterator[Fleet]:
    """Every unit, its database and its plans as the last release made them."""
    made = Fleet(tmp_path_factory.mktemp("fleet"), released, databases=request.param, env={"STOP_AFTER": "1"})
    made.start()
    yield made
    made.stop()


@pytest.fixture
def fleet(base, released) -> Iterator[Fleet]:
    yield base
    for unit in UNITS:
        if base.runs[unit] != released[unit]:
            base.roll(unit, released[unit])


def amiss(fleet: Fleet, *offices: Office) -> list[checker.Finding]:
    """What is lost, doubled, from nowhere, wrong or stuck in the end."""
    fleet.expand()
    return checker.until_whole(fleet, *offices)


@pytest.fixture
def forwards(latest, head) -> list[str]:
    """The units in an order in which they can be deployed."""
    ordered, reasons = judge.in_order(list(head.values()), {unit: [latest[unit]] for unit in UNITS})
    assert reasons == []
    return [release.unit for release in ordered]


@pytest.fixture
def alone(latest, head) -> list[str]:
    """The units that can go back while all others stay at head."""
    there = {unit: [latest[unit], head[unit]] for unit in UNITS}
    return [unit for unit in UNITS if not judge.reasons(latest[unit], there)]


def test_units_roll_forwards_and_back_one_by_one_while_people_work(fleet, released, forwards, figure):
    some = [unit for unit in forwards if unit in ("orders", "entitlements")]
    with at_work(fleet) as work:
        for unit in some:
            fleet.deploy(unit, HEAD)
            work.goes_on()
        for unit in reversed(some):
            fleet.roll(unit, released[unit])
            work.goes_on()
    figure(f"{', '.join(some)} rolled forwards and back while people did {work.done().total()} things")

    assert work.failed == []
    assert amiss(fleet, *work.offices) == []


@pytest.mark.matrix
def test_each_unit_at_its_last_release_works_with_all_others_at_head(fleet, released, forwards, alone, figure):
    with at_work(fleet) as work:
        for unit in forwards:
            fleet.deploy(unit, HEAD)
            work.goes_on()
        for unit in alone:
            fleet.roll(unit, released[unit])
            work.goes_on()
            fleet.deploy(unit, HEAD)
            work.goes_on()
    figure(
        f"{', '.join(forwards)} rolled forwards, {', '.join(alone)} back and forwards alone,"
        f" while people did {work.done().total()} things"
    )

    assert work.failed == []
    assert amiss(fleet, *work.offices) == []


@pytest.mark.matrix
def test_control_a_replica_that_is_stopped_while_it_is_asked_is_caught(fleet):
    with at_work(fleet) as work:
        for _ in range(5):
            fleet.processes["entitlements-web"].stop()
            work.over.wait(0.5)
            fleet.renew("entitlements-web")

    assert work.failed != []
    fleet.roll("entitlements", fleet.runs["entitlements"])


@pytest.mark.parametrize("unit", ["orders", "portal"])
def test_control_what_runs_is_the_code_of_the_release(fleet, released, unit):
    for name in fleet.processes:
        if name.startswith(unit):
            assert all(path.is_relative_to(released[unit].tree) for path in fleet.code_of(name)), name


def told_of(fleet: Fleet, office: Office) -> dict:
    """What was said when the office paid."""
    [event] = checker.read(fleet, office).said("orders", "order.paid")
    found: dict = event["data"]
    return found


def refuses(unit: str, source: Source, released: Mapping[str, Source]) -> list[str]:
    """Why the release could not come to those that share the events of orders."""
    others = ("orders", "entitlements", "notifier")
    return judge.reasons(
        sources.describe(source.tree, unit),
        {other: [sources.describe(released[other].tree, other)] for other in others},
    )


@pytest.mark.matrix
def test_old_readers_understand_a_release_that_tells_more(fleet, released, tmp_path):
    more, office = variants.tells_more(released["orders"], tmp_path), Office(fleet)
    fleet.roll("orders", more)
    office.awaits_licenses(office.buys("pro", 1))

    assert told_of(fleet, office)["channel"] == "portal"
    assert amiss(fleet, office) == []
    assert refuses("orders", more, released) == []


@pytest.mark.matrix
def test_new_readers_understand_a_release_that_tells_less(fleet, released, tmp_path):
    curious, office = variants.asks_for_more(released["entitlements"], tmp_path), Office(fleet)
    fleet.roll("entitlements", curious)
    office.awaits_licenses(office.buys("pro", 1))

    assert "channel" not in told_of(fleet, office)
    assert amiss(fleet, office) == []
    assert refuses("entitlements", curious, released) == []


def stops_its_readers(
    fleet: Fleet, latest: Mapping[str, Release], unit: str, source: Source, lacks: str
) -> None:
    """It is rolled out all the same, and entitlements stops for want of the field; it would be refused."""
    office = Office(fleet)
    fleet.roll(unit, source)
    office.buys("pro", 1)
    fleet.expand()

    def stopped() -> list[str]:
        return [one.text for one in checker.findings(fleet, office) if "stopped" in one.text]

    found = until("entitlements to stop", stopped)
    assert any("entitlements" in text and f"'{lacks}'" in text for text in found)
    reasons = judge.reasons(sources.describe(source.tree, unit), {one: [latest[one]] for one in UNITS})
    said = f"cannot read order.paid of orders {latest['orders'].version}: {lacks} is not there"
    assert any(reason.startswith("entitlements ") and said in reason for reason in reasons)


def test_control_a_producer_that_tells_less_than_is_read_is_refused_and_would_have_failed(
    fleet, released, latest, tmp_path
):
    stops_its_readers(fleet, latest, "orders", variants.tells_less(released["orders"], tmp_path), "term")


@pytest.mark.matrix
def test_control_a_reader_that_insists_on_more_than_is_told_is_refused_and_would_have_failed(
    fleet, released, latest, tmp_path
):
    insists = variants.insists_on_more(released["entitlements"], tmp_path)
    stops_its_readers(fleet, latest, "entitlements", insists, "channel")
