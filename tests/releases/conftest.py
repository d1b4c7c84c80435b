"""The recorded releases, and their source."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from faults.conftest import (  # noqa: F401  as for all that is reported
    counted,
    figure,
    pytest_collection_modifyitems,
    pytest_configure,
)
from releases import sources
from releases.records import KIT, UNITS, Release, Shelf

from .fleet import Source


@pytest.fixture(scope="session")
def latest() -> dict[str, Release]:
    """Unit → its last recorded release; the kit's too."""
    return {unit: Shelf().latest(unit) for unit in (*UNITS, KIT)}


@pytest.fixture(scope="session")
def head() -> dict[str, Release]:
    """Unit → what stands in the working tree."""
    return {unit: sources.describe(sources.REPOSITORY, unit) for unit in UNITS}


@pytest.fixture(scope="session")
def source(latest: dict[str, Release], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Source]:
    """The code of the last release of a unit, as its commit has it."""

    @cache
    def unpacked(commit: str) -> Path:
        return sources.unpack(commit, tmp_path_factory.mktemp("released"))

    return lambda unit: Source(latest[unit].version, unpacked(latest[unit].commit))
