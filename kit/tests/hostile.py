"""Slow clients of every kind, and how long others wait beside them.

python hostile.py <port> <count> [<seconds>] prints the others' times, against any server.
"""

import selectors
import socket
import sys
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

HEAD = b"HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /large " + HEAD + b"Content-Type: application/json\r\n"


class Kind(NamedTuple):
    """What a client sends at once, and what it sends every half second after that."""

    first: bytes
    trickle: bytes = b""


KINDS = {
    "silent": Kind(b""),
    "trickled headers": Kind(b"GET /large HTTP/1.1\r\nX", b"x"),
    "trickled body": Kind(POST + b"Content-Length: 900\r\n\r\n{", b" "),
    "a body that never comes": Kind(POST + b"Content-Length: 900000\r\n\r\n"),
    "a body without an end": Kind(POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n", b"1\r\n \r\n"),
    "slow reader": Kind(b"GET /large " + HEAD + b"\r\n"),
    "idle after an answer": Kind(b"GET /livez " + HEAD + b"\r\n"),
    "half a request behind one": Kind(b"GET /livez " + HEAD + b"\r\nGET /livez HT", b"T"),
}


class Crowd:
    """As many connections as asked for, of all kinds, made again as soon as the server closes them."""

    def __init__(self, port: int, count: int, kinds: tuple[str, ...] = tuple(KINDS)):
        self.port, self.kinds = port, [KINDS[kinds[i % len(kinds)]] for i in range(count)]
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Crowd":
        self.thread.start()
        time.sleep(1)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()

    def _run(self) -> None:
        sockets: dict[int, socket.socket] = {}
        with selectors.DefaultSelector() as selector:
            while not self.stop.is_set():
                for place, kind in enumerate(self.kinds):
                    try:
                        if place not in sockets:
                            sockets[place] = made = self._connect(kind)
                            if kind is not KINDS["slow reader"]:
                                selector.register(made, selectors.EVENT_READ, place)
                        elif kind.trickle:
                            sockets[place].send(kind.trickle)
                    except OSError:
                        self._close(selector, sockets, place)
                for key, _ in selector.select(0.5):
                    with suppress(OSError):
                        if key.fileobj.recv(65536):
                            continue
                    self._close(selector, sockets, key.data)
            for place in list(sockets):
                self._close(selector, sockets, place)

    def _connect(self, kind: Kind) -> socket.socket:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.settimeout(1)
        made.connect(("127.0.0.1", self.port))
        made.sendall(kind.first)
        return made

    def _close(self, selector: selectors.BaseSelector, sockets: dict[int, socket.socket], place: int) -> None:
        if made := sockets.pop(place, None):
            with suppress(KeyError, ValueError):
                selector.unregister(made)
            made.close()


def waits(port: int, seconds: float, path: str = "/livez", patience: float = 5) -> list[float]:
    """How long single requests take, one after the other, sorted; an error counts as all of `patience`."""
    found = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", port, timeout=patience)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            found.append(time.monotonic() - began if answer.status == 200 else patience)
        except (OSError, HTTPException):
            found.append(patience)
        finally:
            connection.close()
        time.sleep(0.02)
    return sorted(found)


def p95(found: list[float]) -> float:
    return found[int(len(found) * 0.95)]


if __name__ == "__main__":
    port, count = int(sys.argv[1]), int(sys.argv[2])
    with Crowd(port, count):
        found = waits(port, float(sys.argv[3]) if len(sys.argv) > 3 else 8)
    print(
        f"{len(found)} requests, p50 {found[len(found) // 2]:.3f} s, p95 {p95(found):.3f} s, {found[-1]:.3f} s"
    )
