"""make run, make tour and make token as a person uses them: started, walked through, stopped, kept."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from journeys.people import until
from local import running, suite, tokens, tour
from local.narrator import Narrator

pytestmark = pytest.mark.slow
ENV = {**os.environ, "PYTHONPATH": str(running.REPOSITORY / "deploy")}
ENV.pop("BROKER_URL", None)


class Run:
    """`python -m local.run` in a directory of its own."""

    def __init__(self, directory: Path, *options: str, **env: str):
        command = [
            sys.executable,
            "-m",
            "local.run",
            "--directory",
            str(directory),
            "--ports",
            "free",
            *options,
        ]
        self.directory = directory
        self.process = subprocess.Popen(
            command, env={**ENV, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def ready(self) -> dict:
        deadline = time.monotonic() + 60
        while not (known := running.suite(self.directory)):
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return known

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, with_signal: int = signal.SIGINT) -> str:
        self.process.send_signal(with_signal)
        return self.process.communicate(timeout=30)[0]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def started(directory):
    run = Run(directory)
    run.known = run.ready()
    yield run
    if run.process.poll() is None:
        run.end()


def test_it_says_where_everything_is(started):
    known = json.loads((started.directory / "suite.json").read_text())

    assert set(known["urls"]) == {"portal", *suite.SERVICES, "mailbox", *suite.PRODUCTS}
    assert known["broker_url"].startswith("amqp://")
    assert len(known["members"]) == 27
    for unit in (*suite.SERVICES, *suite.PRODUCTS):
        assert httpx.get(f"{known['urls'][unit]}/readyz").status_code == 200


def test_the_demo_account_has_two_administrators_and_25_others_in_both_languages(started):
    account = started.known["account_id"]
    token = tokens.asked_for(started.directory, {"ACCOUNT": account, "ROLE": "administrator"})
    people = httpx.get(
        f"{started.known['urls']['entitlements']}/v1/accounts/{account}/members",
        params={"limit": 500},
        headers={"Authorization": f"Bearer {token}"},
    ).json()["items"]

    assert sum("administrator" in person["roles"] for person in people) == 2
    assert len(people) == 27
    assert {person["locale"] for person in people} == {"en", "fr"}


def test_nothing_listens_beyond_loopback(started):
    for process in [psutil.Process(started.process.pid), *started.family()]:
        for connection in process.net_connections():
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip in ("127.0.0.1", "::1")


def test_the_whole_article_can_be_walked_through_more_than_once(started, capsys):
    for _ in range(2):
        tour.walk_through(started.directory, Narrator())
    told = capsys.readouterr().out

    assert told.count("⚡ license.assigned") == 2
    assert told.count("Votre licence Avancé est prête") + told.count("Your Advanced license is ready") == 2
    assert "\x1b[" not in told


def test_rabbitmqctl_finds_the_broker_by_what_is_written_down_for_it(started):
    script = 'set -a; . "$0"; rabbitmqctl --quiet list_users'
    command = ["sh", "-c", script, str(started.directory / "rabbitmq.env")]

    def users() -> list[str]:  # none while a broker that another test ended starts again
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()

    assert "entitlements" in until("the broker to answer", users)


def test_a_broker_that_dies_is_started_again(started):
    node = next(process for process in started.family() if process.name() == "beam.smp")
    node.kill()
    deadline = time.monotonic() + 30
    while not any(process.name() == "beam.smp" and process != node for process in started.family()):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_second_start_in_the_same_place_is_refused_and_says_why(started):
    second = Run(started.directory)
    said, _ = second.process.communicate(timeout=20)

    assert second.process.returncode == 1
    assert started.known["urls"]["portal"] in said
    assert running.suite(started.directory) == started.known


def test_it_ends_leaving_nothing_and_the_next_start_keeps_the_data(tmp_path):
    accounts = []
    for with_signal in (signal.SIGINT, signal.SIGTERM):
        run = Run(tmp_path, BROKER_URL="none")
        accounts.append([run.ready()[field] for field in ("account_id", "members")])
        family = run.family()
        said = run.end(with_signal)

        assert run.process.returncode == 0, said
        assert not any(process.is_running() and process.status() != "zombie" for process in family)
        assert running.suite(tmp_path) is None
    assert accounts[0] == accounts[1]


def test_it_runs_on_postgresql_too(tmp_path):
    made = suite.Suite(tmp_path, broker=suite.NO_BROKER, databases=suite.POSTGRESQL, units=("catalog",))
    made.start()
    try:
        plans = httpx.get(f"{made.urls['catalog']}/v1/plans").json()["items"]
        assert [plan["code"] for plan in plans] == ["eco", "advanced", "pro"]
        assert not list(tmp_path.glob("*.db"))
    finally:
        made.stop()
