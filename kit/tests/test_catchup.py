"""Catch-up reads the logs of the sources over HTTP, whatever single streams and sources are like."""

import httpx
import pytest

from kit import catchup, clock, cursors
from kit.testing import Source
from sample.models import effects


def envelope(event: cursors.Arrived) -> dict:
    told = {name: value for name, value in event._asdict().items() if value is not None}
    return {**told, "sequence": str(event.sequence), "time": clock.to_text(event.time)}


class Shop:
    """A source over HTTP; streams in `broken` answer 500."""

    def __init__(self, streams: dict[str, list[cursors.Arrived]]):
        self.streams = streams
        self.broken: set[str] = set()
        self.requests = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        asked = request.url.params
        if request.url.path == "/v1/streams":
            subjects = sorted(subject for subject in self.streams if subject > asked["cursor"])
            heads = [{"subject": s, "head": len(self.streams[s])} for s in subjects[:2]]
            following = subjects[1] if len(subjects) > 2 else None
            return httpx.Response(
                200, json={"items": heads, "next": following, "now": clock.to_text(clock.now())}
            )
        if asked["subject"] in self.broken:
            return httpx.Response(500)
        after = int(asked["after"])
        events = self.streams[asked["subject"]][after : after + int(asked["limit"])]
        return httpx.Response(200, json={"items": [envelope(event) for event in events]})


@pytest.fixture
def shop() -> Shop:
    source = Source("shop")
    return Shop({subject: [source.tells("thing.sold", subject, {}) for _ in range(120)] for subject in "abcde"})


@pytest.fixture
def look(shop, reader):
    def made(beat=lambda: None) -> catchup.CatchUp:
        catching = catchup.CatchUp({"shop": "http://shop"}, reader, lambda: "token", beat)
        catching.clients["shop"] = httpx.Client(base_url="http://shop", transport=httpx.MockTransport(shop))
        return catching

    return made


def test_a_long_round_beats_before_every_request(shop, look):
    beats = []
    look(lambda: beats.append(shop.requests)).look()

    assert len(effects()) == 5 * 120
    assert beats == list(range(shop.requests))


def test_no_request_waits_for_longer_than_a_part_of_the_worker_may_be_silent(reader):
    from kit import worker

    real = catchup.CatchUp({"shop": "http://shop"}, reader, lambda: "token")
    limits = real.clients["shop"].timeout

    assert limits.connect + limits.read < worker.STALLED


def test_a_stream_that_cannot_be_read_keeps_no_other_waiting(shop, look):
    shop.broken = set("abd")
    look().look()

    assert {subject for subject, _ in effects()} == {"c", "e"}


def test_streams_whose_source_lost_what_it_told_keep_no_other_waiting(shop, look):
    for number in range(150):
        cursors.note_head("shop", f"B{number}", 7)
        shop.streams[f"B{number}"] = []
    catching = look()
    for _ in range(40):
        catching.look()

    assert len(effects()) == 5 * 120
