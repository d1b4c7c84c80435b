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
    """Before local.databases is imported: it looks at TEST_POSTGRES_URL. xdist's workers inherit it."""
    from kit import logging
    from local import postgres

    config.addinivalue_line("markers", "slow: starts real processes")
    if not hasattr(config, "workerinput") and "TEST_POSTGRES_URL" not in os.environ and postgres.binaries():
        server = postgres.Postgres(Path(tempfile.mkdtemp(prefix="seatwise-postgres-")))
        os.environ["TEST_POSTGRES_URL"] = server.start()
        _server.append(server)
    logging.configure("WARNING")
    config.pluginmanager.import_plugin("local.databases")
    config.pluginmanager.import_plugin("service_fixtures")


# Tests of these share a suite of real processes, one on each kind of database; controls may have a third one.
JOURNEYS = "tests/journeys/"
SHARE_A_WARD = ("tests/faults/", "tests/restores/", f"{JOURNEYS}test_outages.py", f"{JOURNEYS}test_at_once.py")
LONG_WITH_ALL_FAULTS = "tests/contracts/test_client.py"  # one kind of database does not wait for the other
# With all faults PostgreSQL takes longest: these of its tests go to the process that is done first.
SECOND_WARD = ("test_api.py", "test_deploy.py", "test_mail.py", "test_outages.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With -n: tests of one file, or of one ward, run in one process.

    The mark xdist_group would say it too, but xdist 3.8 hangs it on an attribute that pytest 9.2 does not read.
    """
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, test = nodeid.partition("::")
            _, _, parameters = test.partition("[")
            if file == LONG_WITH_ALL_FAULTS and "FAULT_MATRIX" in os.environ:
                return f"{file} [{parameters}"
            if not file.startswith(SHARE_A_WARD):
                return file
            if "postgresql" in parameters:
                second = "FAULT_MATRIX" in os.environ and file.endswith(SECOND_WARD)
                return "second ward on postgresql" if second else "ward on postgresql"
            return "ward of controls" if "test_control" in test else "ward on sqlite"

    return Together(config, log)


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


@pytest.fixture(scope="module")
def keys(issuers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the secret key of every issuer and their trust/ directory."""
    from local import keys as of_issuers

    directory = tmp_path_factory.mktemp("keys")
    of_issuers.write(issuers, directory)
    return directory
