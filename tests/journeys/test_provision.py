"""The consumers of examples/provision, as they stand there, beside a suite of real processes."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from journeys.people import Office, until
from local.suite import Suite

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "provision"


@pytest.fixture(scope="module")
def office(make_suite):
    office = Office(make_suite())
    office.awaits_licenses(office.buys("eco", 4))
    return office


class Consumer:
    """A program of the example in a directory of its own."""

    def __init__(self, directory: Path, command: list[str], suite: Suite):
        shutil.copytree(EXAMPLE, directory, ignore=shutil.ignore_patterns("node_modules"))
        self.directory, self.command = directory, command
        self.env = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "ENTITLEMENTS_URL": suite.urls["entitlements"],
            "KEY_FILE": str(suite.keys / "operator.json"),
            "BROKER_URL": suite.broker_url,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def starts(self) -> None:
        self.process = subprocess.Popen(self.command, cwd=self.directory, env=self.env)

    def dies(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def provided(self, person: dict) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "it ended by itself"
        return (self.directory / "folders" / f"{person['id']}-eco").is_dir()


@pytest.fixture
def python(tmp_path: Path, office: Office) -> Iterator[Consumer]:
    made = Consumer(tmp_path / "python", [sys.executable, "provision.py"], office.suite)
    yield made
    made.dies()


@pytest.fixture
def node(tmp_path: Path, office: Office) -> Iterator[Consumer]:
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("the example in Node was not tried: there is no node with npm here")
    made = Consumer(tmp_path / "node", ["node", "provision.mjs"], office.suite)
    installed = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=made.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"the example in Node was not tried: npm installs nothing: {installed.stderr[-300:]}")
    yield made
    made.dies()


def listens(office: Office) -> bool:
    """Whether the queue of the example in Node is bound."""
    assert office.suite.rabbitmq
    return "license.unassigned" in office.suite.rabbitmq.ctl("list_bindings", "routing_key")


def test_with_seatwise_whoever_is_given_a_license_is_provided_for(office, python):
    person, other = office.hires("Zoe Park"), office.hires("Yann Roy")
    earlier = office.assigns(other, "eco")
    python.starts()
    until("what happened before the first start", lambda: python.provided(other))

    assignment = office.assigns(person, "eco")
    until("the folder", lambda: python.provided(person))
    python.dies()
    office.unassigns(assignment)
    python.starts()
    until("what happened while it was off", lambda: not python.provided(person))
    assert python.provided(other)
    office.unassigns(earlier)


def test_with_a_plain_amqp_library_too(office, node):
    person = office.hires("Xu Li")
    node.starts()
    until("its queue", lambda: listens(office))

    assignment = office.assigns(person, "eco")
    until("the folder", lambda: node.provided(person))
    node.dies()
    office.unassigns(assignment)
    node.starts()
    until("what waited in its queue", lambda: not node.provided(person))
    assert len((node.directory / "seen.txt").read_text().split()) == 2
