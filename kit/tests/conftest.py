"""Fixtures of the kit's tests: the sample service and its reader."""

import pytest

from kit.cursors import Handler, Reader
from sample.models import count


@pytest.fixture
def package() -> str:
    return "sample"


@pytest.fixture
def reader(database: object) -> Reader:
    return Reader({"shop": {"*": Handler(None, count)}})
