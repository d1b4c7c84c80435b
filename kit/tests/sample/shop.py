"""A source over HTTP, made of lists, that can be restored to an earlier moment."""

from collections import defaultdict

import httpx

from kit import catchup, clock, cursors
from service_fixtures import Source

PAGE = 2  # heads


def envelope(event: cursors.Arrived) -> dict:
    told = {name: value for name, value in event._asdict().items() if value is not None}
    constant = {"specversion": "1.0", "datacontenttype": "application/json"}
    return {**constant, **told, "sequence": str(event.sequence), "time": clock.to_text(event.time)}


class Shop:
    """`streams`: what it tells of each subject; those in `broken` answer 500, `answers` by path instead."""

    def __init__(self) -> None:
        self.source = Source("shop")
        self.streams: dict[str, list[cursors.Arrived]] = defaultdict(list)
        self.broken: set[str] = set()
        self.answers: dict[str, bytes] = {}
        self.requests = 0

    def tells(self, subject: str, count: int = 1) -> list[cursors.Arrived]:
        events = [self.source.tells("thing.sold", subject, {}) for _ in range(count)]
        self.streams[subject] += events
        return events

    def is_restored_to(self, **counts: int) -> None:
        """Of each named stream so many events are left; others are as they were."""
        for subject, count in counts.items():
            self.streams[subject] = self.streams[subject][:count]
            self.source.heads.pop(subject)
            self.source.heads |= {event.subject: event for event in self.streams[subject]}

    def read_by(self, reader: cursors.Reader, beat=lambda: None) -> catchup.CatchUp:
        look = catchup.CatchUp({"shop": "http://shop"}, reader, lambda _: "token", beat)
        look.clients["shop"] = httpx.Client(base_url="http://shop", transport=httpx.MockTransport(self._answer))
        return look

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        asked = request.url.params
        if request.url.path in self.answers:
            return httpx.Response(200, content=self.answers[request.url.path])
        if request.url.path == "/v1/streams":
            return httpx.Response(200, json=self._heads(asked["cursor"]))
        if asked["subject"] in self.broken:
            return httpx.Response(500)
        after = int(asked["after"])
        events = self.streams[asked["subject"]][after : after + int(asked["limit"])]
        return httpx.Response(200, json={"items": [envelope(event) for event in events]})

    def _heads(self, after: str) -> dict:
        moved = sorted(subject for subject, events in self.streams.items() if events and subject > after)
        heads = [
            {"subject": s, "head": len(self.streams[s]), "id": self.streams[s][-1].id} for s in moved[:PAGE]
        ]
        following = moved[PAGE - 1] if len(moved) > PAGE else None
        return {"items": heads, "next": following, "now": clock.to_text(clock.now())}
