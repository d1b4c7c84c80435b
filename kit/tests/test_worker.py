"""The worker keeps its parts alive, and tells the idle from the stuck."""

import threading

from kit import catchup, settings, worker
from sample.models import effects
from sample.shop import Shop


def test_a_job_that_pauses_for_long_still_beats(monkeypatch):
    monkeypatch.setattr(worker, "LEASE_EVERY", 0.01)
    runs = []
    busy = worker.Worker(settings.read("sample", port=0), {}, {})
    thread = threading.Thread(target=busy._repeat, args=[worker.Job(3600, lambda: runs.append(1))], name="job")
    thread.start()
    while not busy.beats:
        pass
    first = busy.beats["job"]
    threading.Event().wait(0.2)
    busy.stop.set()
    thread.join()

    assert busy.beats["job"] > first
    assert len(runs) == 1


def test_whoever_leads_first_tries_what_another_release_gave_up(database, monkeypatch):
    monkeypatch.setattr(worker.lease, "take", lambda: True)
    begun = []
    leading = worker.Worker(settings.read("sample", port=0), {}, {})
    monkeypatch.setattr(leading.reader, "try_what_others_gave_up", lambda: begun.append(1))
    leading.stop.set()
    leading._lead()

    assert begun == [1]


def test_a_reader_that_is_told_to_stop_fetches_no_further_page(reader, monkeypatch):
    shop, stopping = Shop(), worker.Worker(settings.read("sample", port=0), {}, {})
    shop.tells("a", 500)

    def look(_settings, _reader, beat):
        return shop.read_by(reader, lambda: (beat(), len(effects()) < 100 or stopping.stop.set()))

    monkeypatch.setattr(catchup.CatchUp, "of", look)
    stopping._catch_up()

    assert 100 <= len(effects()) <= 150
