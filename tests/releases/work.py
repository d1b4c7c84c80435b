"""People at work while releases change: offices buy and assign, somebody reads pages. Nobody asks twice."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from faults.soak import Stubborn, Worker
from journeys.people import Office, Refused, until

from .fleet import Fleet

PAGES = ("/", "/licenses", "/people", "/orders", "/activity")
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
MEMBER = re.compile(r'name="member_id" value="([^"]+)"')
AWAY = "cannot be reached at the moment"
PAUSE = 0.1  # seconds between two calls: the machine has to roll releases besides


class Exact(Stubborn):
    """Notes every answer that no rule of the article explains."""

    failed: list[str]

    def _send(self, service: str, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        time.sleep(PAUSE)
        try:
            return Office._send(self, service, method, path, body, headers)
        except httpx.TransportError as error:
            self.failed.append(f"{method} {path} of {service}: {error!r}")
            raise
        except Refused as no:
            if no.status >= 500 or no.status in (400, 401, 403, 415, 422):
                self.failed.append(str(no))
            raise


class Trader(Worker):
    """An office at work."""

    def __init__(self, suite: Fleet, number: int, over: threading.Event, failed: list[str]):
        super().__init__(suite, number, 20_261_123, over)
        self.office = Exact(suite, f"Office {number}")
        self.office.failed = failed


class Visitor(threading.Thread):
    """An administrator of the demo account who reads one page after the other."""

    def __init__(self, suite: Fleet, over: threading.Event, failed: list[str]):
        super().__init__(name="visitor")
        self.suite, self.over, self.failed = suite, over, failed
        self.done = Counter[str]()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            with httpx.Client(base_url=self.suite.urls["portal"], timeout=60, follow_redirects=True) as browser:
                self.reads(browser)
        except BaseException as error:
            self.failure = error

    def reads(self, browser: httpx.Client) -> None:
        form = browser.get("/sign-in").text
        fields = {"csrf_token": TOKEN.findall(form)[0], "member_id": MEMBER.findall(form)[0]}
        browser.post("/sign-in/demo", data=fields).raise_for_status()
        while not self.over.is_set():
            for path in PAGES:
                page = browser.get(path)
                if page.status_code != 200 or page.url.path != path or AWAY in page.text:
                    self.failed.append(f"page {path}: {page.status_code} {page.url}")
                self.done["reads"] += 1
                time.sleep(PAUSE)


class Work:
    """`offices` for the checker; `failed`: what nobody should have been told."""

    def __init__(self, suite: Fleet, offices: int):
        self.over = threading.Event()
        self.failed: list[str] = []
        self.traders = [Trader(suite, number, self.over, self.failed) for number in range(offices)]
        self.threads: list[Trader | Visitor] = [*self.traders, Visitor(suite, self.over, self.failed)]

    @property
    def offices(self) -> list[Office]:
        return [trader.office for trader in self.traders]

    def done(self) -> Counter[str]:
        return sum((thread.done for thread in self.threads), Counter[str]())

    def goes_on(self) -> None:
        """Until each of them has done something more: releases that change have people between them."""
        before = [sum(thread.done.values()) for thread in self.threads]
        until(
            "people to work on",
            lambda: all(
                sum(thread.done.values()) > count or thread.failure
                for thread, count in zip(self.threads, before, strict=True)
            ),
        )


@contextmanager
def at_work(suite: Fleet, offices: int = 2) -> Iterator[Work]:
    """People work during the block; what stopped one of them is among `failed`."""
    for front in suite.fronts.values():
        front.failed.clear()
    work = Work(suite, offices)
    for thread in work.threads:
        thread.start()
    try:
        yield work
    finally:
        work.over.set()
        for thread in work.threads:
            thread.join()
        work.failed += [f"{one.name} stopped: {one.failure!r}" for one in work.threads if one.failure]
        work.failed += suite.failed()
