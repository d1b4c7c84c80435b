"""The programs of docs/tutorial.md, as they stand there, beside a suite of real processes."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from journeys.people import Office, code_in, until
from local import ports

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
PROGRAMS = re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
NOBODY = "http://127.0.0.1:9"


class Product:
    """The directory that a reader of the page has in the end."""

    def __init__(self, directory: Path, office: Office):
        self.directory, self.suite = directory, office.suite
        for name, text in PROGRAMS:
            (directory / name).write_text(text)
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None

    def runs(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=self.directory, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def starts(self, entitlements: str, **env: str) -> None:
        [port] = ports.free(1)
        self.url = f"http://127.0.0.1:{port}"
        known = {
            **os.environ,
            "ENTITLEMENTS_URL": entitlements,
            "KEY_FILE": str(self.suite.keys / "operator.json"),
            "PORT": str(port),
            **env,
        }
        with (self.directory / "said.txt").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "product.py"], cwd=self.directory, env=known, stdout=said
            )

    def ends(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def asks(self, path: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = httpx.get(self.url + path).json()
        except httpx.TransportError:
            return {}
        return found

    def awaits(self, reason: str, path: str) -> None:
        until(reason, lambda: self.asks(path).get("reason") == reason)


@pytest.fixture(scope="module")
def office(suite):
    office = Office(suite)
    office.awaits_licenses(office.buys("advanced", 2))
    return office


@pytest.fixture
def product(tmp_path: Path, office: Office) -> Iterator[Product]:
    made = Product(tmp_path, office)
    yield made
    made.ends()


@pytest.mark.parametrize("quick", [True, False], ids=["broker", "http alone"])
def test_the_product_of_the_tutorial_obeys_also_when_seatwise_is_away(office, product, quick):
    person = office.hires("Zoe Park")
    sends, limit = f"/send/{person['id']}", f"/limit/{person['id']}"
    product.starts(
        office.suite.urls["entitlements"], **({"BROKER_URL": office.suite.broker_url} if quick else {})
    )
    product.awaits("no-license", f"{sends}/3")
    assert product.asks(limit) == {"megabytes": 0}

    assignment = office.assigns(person, "advanced")
    product.awaits("ok", f"{sends}/3")
    allowed = product.asks(limit)["megabytes"]
    assert product.asks(f"{sends}/{allowed + 1}")["reason"] == "limit-exceeded"
    welcome = f"welcome {person['id']} advanced"
    until("the handler", lambda: welcome in (product.directory / "said.txt").read_text())

    product.ends()
    product.starts(NOBODY)
    product.awaits("ok", f"{sends}/3")
    product.ends()
    product.starts(office.suite.urls["entitlements"])
    office.unassigns(assignment)
    product.awaits("no-license", f"{sends}/3")


def test_the_address_of_the_broker_is_where_the_tutorial_reads_it(office, tmp_path):
    (tmp_path / ".run").symlink_to(office.suite.directory)
    [command] = re.findall(r"^export BROKER_URL=.*$", PAGE, re.MULTILINE)
    told = subprocess.run(
        ["bash", "-c", f"{command}; echo $BROKER_URL"],
        env={**os.environ, "SEATWISE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == office.suite.broker_url


def test_the_tests_of_the_tutorial_pass(product):
    assert "2 passed" in product.runs("-m", "pytest", "-p", "no:cacheprovider", "test_product.py")


def test_the_device_of_the_tutorial_is_activated(office, product):
    person = office.hires("Yann Roy")
    assignment = office.assigns(person, "advanced")
    [mail] = office.mails_to(person)[-1:]
    said = product.runs("device.py", office.suite.urls["entitlements"], code_in(mail), "laptop-1")
    assert said.splitlines() == ["advanced", "the token was made for another device"]
    office.unassigns(assignment)


def test_the_person_who_buys_in_the_tutorial_is_in_the_demo_account(suite):
    assert suite.account["members"][0]["name"] in PAGE
