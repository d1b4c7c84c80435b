"""Calls to one service: JSON in and out, timeouts, and one exception for everything that goes wrong."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import httpx

from kit import paths
from kit.paths import Path

CONNECT, READ = 1.0, 4.0  # seconds; a page shows the rest when one service hangs
Json = dict[str, Any]


class Problem(Exception):
    """A service declined or could not be reached. `code` is the problem+json's, or `unreachable`."""

    def __init__(self, service: str, status: int, body: Mapping[str, Any]):
        self.service = service
        self.status = status
        self.code = str(body.get("code", "unreachable"))
        self.detail = str(body.get("detail", ""))
        self.facts = dict(body)
        super().__init__(f"{service}: {status} {self.code} {self.detail}")

    @property
    def unreachable(self) -> bool:
        return self.status >= 500

    @property
    def fields(self) -> dict[str, str]:
        """The rule that each bad field broke, in the service's words."""
        return {str(error.get("field")): str(error.get("rule")) for error in self.facts.get("errors") or []}


def path_to(*segments: str) -> Path:
    """Return the path of these segments; a 404 Problem when one is none, since nothing has such a name."""
    try:
        return paths.of(*segments)
    except paths.NoSegment as error:
        raise Problem("portal", 404, {"code": "not-found", "detail": str(error)}) from error


class Api:
    """One service's API, called with the headers that `sign` returns. Threads share the pooled connections."""

    def __init__(self, service: str, pool: httpx.Client, sign: Callable[[], Mapping[str, str]]):
        self.service = service
        self.pool = pool
        self.sign = sign

    @cached_property
    def headers(self) -> dict[str, str]:
        return dict(self.sign())

    def get(self, path: Path, **query: Any) -> Json:
        return self.send("GET", path, params=_given(query))[0]

    def post(self, path: Path, body: Json, key: str | None = None, timeout: float = READ) -> Json:
        """`key` makes a repetition of the same act harmless; it is sent as the Idempotency-Key."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.send("POST", path, json=body, headers=headers, timeout=timeout)[0]

    def patch(self, path: Path, body: Json) -> Json:
        return self.send("PATCH", path, json=body)[0]

    def delete(self, path: Path) -> Json:
        return self.send("DELETE", path)[0]

    def send(self, method: str, path: Path, timeout: float = READ, **given: Any) -> tuple[Json, httpx.Headers]:
        """The answer's body and headers."""
        _check_path(path)
        headers = {**self.headers, **given.pop("headers", {})}
        limits = httpx.Timeout(timeout, connect=CONNECT)
        with self._problems(headers):
            answer = self.pool.request(method, path, headers=headers, timeout=limits, **given)
        return self._checked(answer), answer.headers

    def stream(self, path: Path, **query: Any) -> Iterator[bytes]:
        """The body piece by piece; the status is checked before the first piece."""
        _check_path(path)
        limits = httpx.Timeout(READ, connect=CONNECT)
        asked = _given(query)
        with (
            self._problems(self.headers),
            self.pool.stream("GET", path, params=asked, headers=self.headers, timeout=limits) as answer,
        ):
            if answer.is_error:
                answer.read()
                self._checked(answer)
            yield b""
            yield from answer.iter_bytes()

    @contextmanager
    def _problems(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Turn what goes wrong into a Problem; text that cannot be sent is a refusal, not a failure."""
        unusable = Problem(self.service, 422, {"code": "text-unusable", "detail": "Text that cannot be sent."})
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise unusable
        try:
            yield
        except UnicodeError as error:
            raise unusable from error
        except httpx.HTTPError as error:
            raise Problem(self.service, 503, {"code": "unreachable", "detail": repr(error)}) from error

    def text(self, path: Path) -> str:
        """A document of the service that is not JSON."""
        return b"".join(self.stream(path)).decode()

    def _checked(self, answer: httpx.Response) -> Json:
        if answer.status_code == 204 or not answer.content:
            body: Any = {}
        else:
            try:
                body = answer.json()
            except ValueError as error:
                raise Problem(self.service, 502, {"code": "unreachable", "detail": "no JSON"}) from error
        if answer.is_error:
            raise Problem(self.service, answer.status_code, body)
        return body if isinstance(body, dict) else {"items": body}


def _check_path(path: str) -> None:
    if not isinstance(path, Path):
        raise TypeError(f"a path is made by path_to(), not {path!r}")


def _given(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value not in (None, "")}
