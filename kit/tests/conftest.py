"""Fixtures of the kit's tests: the sample service and its reader."""

import os

import pytest

from kit.cursors import Handler, Reader
from sample.models import count

os.environ["RELEASE"] = "1.0.0"  # the sample service is nowhere installed


@pytest.fixture
def package() -> str:
    return "sample"


@pytest.fixture
def reader(database: object) -> Reader:
    return Reader({"shop": {"*": Handler(None, count)}})
