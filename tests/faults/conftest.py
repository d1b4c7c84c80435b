"""What all faults share: a shop to hurt, and the tests that only `make faults` runs."""

import os
from collections.abc import Iterator

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


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "matrix: a fault of a kind that another test has; `make faults` runs it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked, unless all is wanted, or the mark is named with -m."""
    if os.environ.get(ALL) or "matrix" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("matrix")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("matrix")]
