"""What all tests share: the issuers of tokens as deployed, and a private PostgreSQL server if there is one."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import kit  # noqa: F401  the packages, before pytest takes the folders of these names for them
import portal  # noqa: F401

HERE = Path(__file__).parent
_server: list[Any] = []


def pytest_configure(config: pytest.Config) -> None:
    """Before kit.testing is imported: it looks at TEST_POSTGRES_URL. xdist's workers inherit it."""
    from kit import logging
    from local import postgres

    config.addinivalue_line("markers", "slow: starts real processes")
    if not hasattr(config, "workerinput") and "TEST_POSTGRES_URL" not in os.environ and postgres.binaries():
        server = postgres.Postgres(Path(tempfile.mkdtemp(prefix="seatwise-postgres-")))
        os.environ["TEST_POSTGRES_URL"] = server.start()
        _server.append(server)
    logging.configure("WARNING")
    config.pluginmanager.import_plugin("kit.testing")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For --dist loadgroup: the tests of a file stay together, unless they share something with other files."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::")[0]))


def pytest_unconfigure() -> None:
    for server in _server:
        server.stop()
        os.environ.pop("TEST_POSTGRES_URL", None)


@pytest.fixture(scope="session")
def issuers() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "deploy" / "issuers.json").read_text())
    return found


@pytest.fixture(autouse=True)
def answers_keep_their_contracts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a service answers in any test is what contracts/http/ promises."""
    from contracts.answers import Listening

    monkeypatch.setattr(Flask, "test_client_class", Listening)
