"""Suites of real processes for tests: one that everybody shares, and others that are hurt and heal again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from faults.patient import Patient
from local.suite import POSTGRESQL, SERVICES, SQLITE, Suite

# Tests of one group run in one process, so that they share its suite.
ON_SQLITE = pytest.param(SQLITE, marks=pytest.mark.xdist_group("patient-sqlite"))
ON_POSTGRESQL = pytest.param(POSTGRESQL, marks=pytest.mark.xdist_group("patient-postgresql"))


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """The whole suite with portal, RabbitMQ and demo account, shared by tests that leave it as it is."""
    made = Suite(tmp_path_factory.mktemp("suite"), demo=True)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def make_suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Suite]]:
    """make_suite(databases="postgresql", units=("orders",)) starts one; it is stopped after all tests."""
    made: list[Suite] = []

    def make(**options: Any) -> Suite:
        one = Suite(tmp_path_factory.mktemp("own"), **{"units": SERVICES, **options})
        one.start()
        made.append(one)
        return one

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session")
def patients(make_suite: Callable[..., Suite]) -> Callable[[str], Patient]:
    """The suite on that kind of database which tests may hurt."""
    known: dict[str, Patient] = {}

    def find(database: str) -> Patient:
        if database not in known:
            said: list[str] = []
            options = {"databases": database, "env": {"STOP_AFTER": "1"}, "say": said.append}
            known[database] = Patient(make_suite(**options), said)
        return known[database]

    return find


@pytest.fixture
def specimen(patients: Callable[[str], Patient]) -> Iterator[Patient]:
    """A suite to be broken on purpose: what a check has to see is the same on every kind of database."""
    one = patients(SQLITE)
    yield one
    one.heal()


@pytest.fixture(params=[ON_SQLITE, ON_POSTGRESQL])
def patient(request: pytest.FixtureRequest, patients: Callable[[str], Patient]) -> Iterator[Patient]:
    """A suite to be hurt, once on each kind of database; it is healed afterwards."""
    one = patients(request.param)
    yield one
    one.heal()
