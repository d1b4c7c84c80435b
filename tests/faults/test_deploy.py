"""A service comes late, is migrated three times at once, or is given the wrong password."""

import subprocess
import sys
import time

import psycopg2
import pytest

from faults import checker
from faults.checker import STUCK
from faults.patient import Patient, broken_by, on_sqlite
from faults.shop import Shop, kinds
from journeys.people import until

pytestmark = pytest.mark.slow

EMPTY = "born_again"


def empty_database(patient: Patient, service: str) -> str:
    """The address of a new one for the service; what it had before is forgotten."""
    if patient.suite.postgres is None:
        for file in patient.suite.directory.glob(f"{EMPTY}.db*"):
            file.unlink()
        return f"sqlite:///{patient.suite.directory}/{EMPTY}.db"
    server = psycopg2.connect(patient.suite.server_url)
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {EMPTY} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {EMPTY}")
    server.close()
    return patient.suite.postgres.url(EMPTY)


def migrated_three_times_at_once(patient: Patient, *mutants: str) -> list[int]:
    """The exit codes; then the database must be as one migration makes it."""
    url = empty_database(patient, "orders")
    together = {"DATABASE_URL": url, "TOGETHER_AT": str(time.time() + 4)}
    env = {**patient.suite.env_of("orders"), **broken_by(mutants), **together}
    command = [sys.executable, "-m", "orders"]
    three = [subprocess.Popen([*command, "migrate"], env=env, stderr=subprocess.DEVNULL) for _ in range(3)]
    codes = [process.wait(60) for process in three]
    checked = subprocess.run([*command, "check"], env=env, check=False, stderr=subprocess.DEVNULL)
    return [*codes, checked.returncode]


def test_three_migrations_at_once_all_succeed(patient):
    assert migrated_three_times_at_once(patient) == [0, 0, 0, 0]


@on_sqlite
def test_control_migrations_without_a_lock_are_caught(patient):
    assert any(any(migrated_three_times_at_once(patient, "migrations_unlocked")) for _ in range(5))


def reborn(patient: Patient, shop: Shop, *mutants: str) -> None:
    """A notifier that was never there before: no database, no queue; others have spoken for a while."""
    shop.assigns(shop.person, "eco")
    assert checker.until_whole(patient.suite, shop) == []
    patient.down("notifier")
    with patient.channel() as channel:
        channel.queue_delete("notifier.inbox")
    forget_everything(patient)
    patient.suite.run("notifier", "migrate")
    patient.mutate("notifier-worker", *mutants)
    patient.up("notifier-web")


def forget_everything(patient: Patient) -> None:
    if patient.suite.postgres is None:
        for file in patient.suite.directory.glob("notifier.db*"):
            file.unlink()
        return
    patient.sql("notifier", "DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def amiss(patient: Patient, shop: Shop) -> list[checker.Finding]:
    """But for the mails about what had happened before it was born, which nobody wants by now."""
    wanted_by_nobody = ("notice about", "mail of notice", "notice.sent")
    found = [one for one in checker.findings(patient.suite, shop) if not one.text.startswith(wanted_by_nobody)]
    checker.count(found)
    return found


@pytest.mark.matrix
def test_a_consumer_deployed_late_reads_all_that_was_said_and_sends_no_old_mail(patient, shop):
    reborn(patient, shop)
    until("all to be read", lambda: not amiss(patient, shop))
    other = shop.hires("Newcomer")
    shop.assigns(other, "eco")
    until("all to be read", lambda: not amiss(patient, shop))

    assert len(shop.mails_to(other)) == 1
    assert len(shop.mails_to(shop.person)) == 1


@on_sqlite
@pytest.mark.matrix
def test_control_a_late_consumer_that_never_reads_the_logs_is_caught(patient, shop):
    reborn(patient, shop, "catch_up_off")
    shop.assigns(shop.hires("Newcomer"), "eco")
    patient.await_sent()
    time.sleep(2)
    found = amiss(patient, shop)
    patient.heal()
    until("all to be read", lambda: not amiss(patient, shop))

    assert STUCK in kinds(found)


def knocks(patient: Patient, shop: Shop, *mutants: str) -> int:
    """How often a worker with a wrong password asks the broker in some seconds; people are served."""
    process = patient.suite.processes["entitlements-worker"]
    patient.mutate("entitlements-worker", *mutants)
    patient.down("entitlements-worker")
    before = len(patient.log_of("entitlements-worker"))
    process.start(
        BROKER_URL=patient.rabbitmq.url("entitlements").replace("entitlements:", "entitlements:not", 1)
    )
    patient.touched.add("entitlements-worker")
    patient._await("entitlements-worker")
    time.sleep(3)
    shop.awaits_licenses(shop.buys("pro", 1))
    return patient.log_of("entitlements-worker", before).count("broker_unreachable")


@pytest.mark.matrix
def test_a_worker_with_a_wrong_password_asks_now_and_then_and_goes_on_through_the_logs(patient, shop):
    assert 1 <= knocks(patient, shop) <= 20
    patient.heal()

    assert checker.until_whole(patient.suite, shop) == []


@on_sqlite
@pytest.mark.matrix
def test_control_a_worker_that_knocks_without_a_pause_is_caught(patient, shop):
    assert knocks(patient, shop, "no_pause") > 20
