"""Entitlements over HTTP: what everybody holds now, how far each account's story goes, and the story."""

import http.client
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from seatwise.events import Event, InvalidEvent, OfAnotherSource, decode, identifier, instant, name, read, whole

log = logging.getLogger("seatwise")

TIMEOUT = 10  # seconds to connect, and to answer
PAGE = 500  # events
Token = str | Callable[[], str]


class Unreachable(Exception):
    """No answer, or none that can be used; the text says what to do. Asked again later."""


class Head(NamedTuple):
    """How far an account's story goes: the number and id of its last event."""

    account: str
    sequence: int
    id: str


class Source:
    """The service at `url`, asked with a token of the scopes events:read and entitlements:read."""

    def __init__(self, url: str, token: Token):
        self.url, self.token = urlsplit(url), token
        if self.url.scheme not in ("http", "https") or not self.url.hostname:
            raise ValueError(f"url must begin with http:// or https://, not {url!r}")
        self._local = threading.local()  # a connection for each thread

    def snapshot(self, account: str | None = None) -> Iterator[dict[str, Any]]:
        """Pages of all accounts, or of one, with who holds what after which event."""
        yield from self._pages("/v1/snapshot", **({"account": account} if account else {}))

    def heads(self, since: str | None = None) -> Iterator[tuple[str, list[Head]]]:
        """Pages of the stories that went on since that instant of the service's clock: (its clock, heads)."""
        for page in self._pages("/v1/streams", **({"since": since} if since else {})):
            try:
                instant(page.get("now"))
            except InvalidEvent as error:
                raise Unreachable(f"{self.url.netloc} has no clock: {error}") from error
            yield page["now"], list(_valid_heads(page["items"]))

    def events(self, account: str, after: int, limit: int = PAGE) -> list[Event]:
        """What happened in an account after the event of that number, in order, up to an invalid one.

        InvalidEvent when that is the first.
        """
        page = self._get("/v1/events", subject=account, after=after, limit=limit)
        events: list[Event] = []
        for envelope in page["items"]:
            try:
                event = read(envelope)
                if event.account != account:
                    raise InvalidEvent("the event belongs to another account")
            except OfAnotherSource as error:
                raise Unreachable(f"{self.url.netloc} is another service: {error}") from error
            except InvalidEvent:
                if events:
                    break
                raise
            events.append(event)
        return events

    def _pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """While one is read, the next one is on its way."""
        page = self._get(path, **query)
        if page.get("next") is None:
            yield page
            return
        seen = set()
        with ThreadPoolExecutor(1) as ahead:
            try:
                while (cursor := page.get("next")) is not None:
                    if not isinstance(cursor, str) or cursor in seen:
                        raise Unreachable(f"{self.url.netloc} answers {path} with a broken cursor")
                    seen.add(cursor)
                    coming = ahead.submit(self._get, path, **{**query, "cursor": cursor})
                    yield page
                    page = coming.result()
            finally:
                ahead.submit(self._hang_up)
            yield page

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        try:
            status, body = self._ask(f"{self.url.path.rstrip('/')}{path}?{urlencode(query)}")
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            raise Unreachable(f"{self.url.netloc} does not answer: {error!r}") from error
        try:
            answer = decode(body)
        except InvalidEvent:
            answer = None
        if not isinstance(answer, dict):
            raise Unreachable(f"{self.url.netloc} answers {path} with {status} and no JSON object")
        if status != http.client.OK:
            raise Unreachable(f"{self.url.netloc} refuses {path}: {status} {answer.get('detail', '')}")
        if not isinstance(answer.get("items"), list):
            raise Unreachable(f"{self.url.netloc} answers {path} without a list of items")
        return answer

    def _ask(self, target: str) -> tuple[int, bytes]:
        """Once more when a connection that was kept turns out to be closed."""
        kept = getattr(self._local, "connection", None)
        if kept is not None:
            try:
                return self._send(kept, target)
            except (ConnectionError, http.client.HTTPException):
                self._hang_up()
        return self._send(self._connect(), target)

    def _send(self, connection: http.client.HTTPConnection, target: str) -> tuple[int, bytes]:
        connection.request("GET", target, headers={"Authorization": f"Bearer {self._given_token()}"})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def _given_token(self) -> str:
        try:
            return self.token() if callable(self.token) else self.token
        except Exception as error:
            raise Unreachable(f"there is no token: {error!r}") from error

    def _connect(self) -> http.client.HTTPConnection:
        secure = self.url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._local.connection = kind(self.url.netloc, timeout=TIMEOUT)
        return self._local.connection

    def _hang_up(self) -> None:
        if kept := getattr(self._local, "connection", None):
            kept.close()
        self._local.connection = None


def _valid_heads(items: list[Any]) -> Iterator[Head]:
    """One that is invalid keeps no other from being read."""
    for item in items:
        try:
            if not isinstance(item, dict):
                raise InvalidEvent("it is no object")
            yield Head(name(item, "subject"), whole(item.get("head"), "head"), identifier(item, "id"))
        except InvalidEvent as error:
            log.warning("the head of an account cannot be read: %s", error)
