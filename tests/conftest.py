"""Suites of real processes for tests: one that everybody shares, and others that are hurt and heal again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from faults.patient import Patient
from local.suite import POSTGRESQL, SERVICES, SQLITE, Suite


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """The whole suite with portal, RabbitMQ and demo account, shared by tests that leave it as it is."""
    made = Suite(tmp_path_factory.mktemp("suite"), demo=True)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def make_suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Suite]]:
    """make_suite(units=("orders",), broker="none") starts one; it is stopped after the module's tests."""
    made: list[Suite] = []

    def make(**options: Any) -> Suite:
        one = Suite(tmp_path_factory.mktemp("own"), **{"units": SERVICES, **options})
        made.append(one)
        one.start()
        return one

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session", params=[SQLITE, POSTGRESQL])
def ward(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    """A suite that tests may hurt, once on each kind of database."""
    said: list[str] = []
    suite = Suite(
        tmp_path_factory.mktemp(request.param),
        databases=request.param,
        units=SERVICES,
        env={"STOP_AFTER": "1"},
        say=said.append,
    )
    suite.start()
    yield Patient(suite, said)
    suite.stop()


@pytest.fixture
def patient(ward: Patient) -> Iterator[Patient]:
    """The suite to be hurt; it is healed afterwards."""
    yield ward
    ward.heal()
