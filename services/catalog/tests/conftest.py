"""Fixtures of the catalog's tests."""

from pathlib import Path

import peewee
import pytest
from flask import Flask

from catalog import settings
from catalog.app import create_app


@pytest.fixture
def package() -> str:
    return "catalog"


@pytest.fixture
def app(database: peewee.Database, keys: Path) -> Flask:
    return create_app(settings.read()._replace(trust_dir=str(keys / "trust")))
