"""Fixtures of the tests of the building: every service, one after the other, on both databases."""

import importlib
from pathlib import Path

import peewee
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kit import limits

from .worlds import SERVICES, Bearer, Unlimited, World, make_world


@pytest.fixture(params=SERVICES)
def package(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def app(package: str, database: peewee.Database, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The service's web process."""
    for name in SERVICES:
        monkeypatch.setenv(f"{name.upper()}_URL", "http://127.0.0.1:9")
    settings = importlib.import_module(f"{package}.settings").read()
    own = {"trust_dir": str(keys / "trust"), "signing_key_file": str(keys / f"{package}.json")}
    made: Flask = importlib.import_module(f"{package}.app").create_app(settings._replace(**own))
    made.extensions[limits.SETTINGS] = Unlimited()
    return made


@pytest.fixture
def world(package: str, client: FlaskClient, bearer: Bearer) -> World:
    return make_world(package, client, bearer)
