"""What all faults share: a shop to hurt, and the tests that only `make faults` runs."""

import os
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from faults import checker
from faults.patient import Patient
from faults.shop import Shop

ALL = "FAULT_MATRIX"  # set by `make faults`


@pytest.fixture
def shop(patient: Patient) -> Shop:
    return Shop(patient)


@pytest.fixture(autouse=True)
def counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """For the report: what the checker found amiss at last, where nothing may be."""
    checker.last_look.clear()
    yield
    if "control" not in request.node.name:
        request.node.user_properties.append(("found", dict(checker.last_look)))


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """For the report: what was measured, with the load under which that was."""

    def note(text: str) -> None:
        request.node.user_properties.append(("figure", f"{text} (load {os.getloadavg()[0]:.0f})"))

    return note


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """With a failure comes what the workers and their supervisor said last."""
    report = yield
    patient = getattr(item, "funcargs", {}).get("patient")
    if report.failed and patient:
        report.sections.append(("supervisor", "\n".join(patient.said)))
        for name in patient.suite.processes:
            report.sections.append((name, patient.log_of(name)[-4_000:]))
    return report


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "matrix: a fault of a kind that another test has; `make faults` runs it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked, unless all is wanted, or the mark is named with -m."""
    if os.environ.get(ALL) or "matrix" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("matrix")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("matrix")]
