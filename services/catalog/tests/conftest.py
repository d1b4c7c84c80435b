"""Fixtures of the catalog's tests."""

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import peewee
import pytest
from flask import Flask

from catalog import settings
from catalog.app import create_app

CONTRACTS = Path(__file__).parents[3] / "contracts" / "events"


@pytest.fixture
def package() -> str:
    return "catalog"


@pytest.fixture
def app(database: peewee.Database, keys: Path) -> Iterator[Flask]:
    """The service; whatever it announced in a test keeps its contracts."""
    from service_fixtures import announced

    yield create_app(settings.read()._replace(trust_dir=str(keys / "trust")))
    for event in announced():
        contract = json.loads((CONTRACTS / f"{event.type}.json").read_text())
        jsonschema.validate(event.data, contract["schema"])
