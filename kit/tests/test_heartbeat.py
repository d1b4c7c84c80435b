"""Health tells the truth: web processes show whether a worker leads, and how often workers start."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog

from kit import cli, clock, db, heartbeat, lease, metrics, settings, worker
from kit.heartbeat import Heartbeat
from service_fixtures import Source


@pytest.fixture(autouse=True)
def not_stale(monkeypatch):
    monkeypatch.setattr(heartbeat, "_was_stale", False)


def gauges() -> tuple[float, float, float]:
    cli.measure()
    shown = (metrics.WORKER_HEARTBEAT_AGE, metrics.WORKER_STARTS, metrics.WORKER_LAST_APPLIED)
    age, starts, applied = (gauge._value.get() for gauge in shown)
    return age, starts, applied


def grow_old(seconds: int) -> None:
    Heartbeat.update(beat_at=Heartbeat.beat_at - seconds * clock.SECOND).execute()


def measured() -> tuple[float, float, float]:
    with ThreadPoolExecutor(1) as scrape:  # on a connection of its own
        return scrape.submit(gauges).result()


def test_a_worker_that_restarts_again_and_again_shows_in_the_gauge(database):
    for number in range(1, 4):
        heartbeat.note_start()
        assert measured()[1] == number


def test_the_heartbeat_ages_until_a_leader_beats(database):
    heartbeat.note_start()
    assert math.isinf(measured()[0])
    heartbeat.beat(None)
    assert measured()[0] < 25
    grow_old(100)
    assert 100 <= measured()[0] < 125
    assert Heartbeat.get().leader == lease.HOLDER


def test_a_stale_heartbeat_is_logged_once_and_its_return_too(database):
    heartbeat.note_start()
    heartbeat.beat(None)
    with structlog.testing.capture_logs() as lines:
        measured()
        grow_old(100)
        measured()
        measured()
        heartbeat.beat(None)
        measured()

    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("worker_silent", "error"),
        ("worker_back", "warning"),
    ]


def test_the_last_event_that_took_effect_is_shown(database, reader):
    [first, second] = [Source("shop").tells("thing.sold", subject, {}) for subject in "ab"]
    heartbeat.note_start()
    reader.take([first], fresh=True)
    reader.take([second], fresh=False)
    heartbeat.beat(reader.applied)
    heartbeat.beat(None)

    assert Heartbeat.get().applied == second.id
    assert measured()[2] == pytest.approx(clock.now() / clock.SECOND, abs=60)


def test_a_worker_counts_its_start_and_beats_as_leader_seldom(database, monkeypatch):
    monkeypatch.setattr(worker, "LEASE_EVERY", 0.01)
    leading = worker.Worker(settings.read("sample", port=0), {}, {})
    beats = []
    monkeypatch.setattr(heartbeat, "beat", beats.append)
    taken = []

    def take() -> bool:
        taken.append(1)
        if len(taken) > 20:
            leading.stop.set()
        return True

    monkeypatch.setattr(worker.lease, "take", take)
    leading._lead()

    assert Heartbeat.get().starts == 1
    assert beats == [None]


def test_a_worker_that_never_leads_counts_as_a_start(database, monkeypatch):
    waiting = worker.Worker(settings.read("sample", port=0), {}, {})
    monkeypatch.setattr(worker.lease, "take", lambda: False)
    waiting.stop.set()
    waiting._lead()

    assert Heartbeat.get().starts == 1
    assert db.now() >= Heartbeat.get().started_at
