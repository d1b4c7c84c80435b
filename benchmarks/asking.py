"""A client that keeps its connection and costs little, so that one core of it keeps a server busy."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from local import ports


class Connection:
    """ask(request) → the body of an answer with status 200; any other is an error."""

    def __init__(self, port: int):
        self.socket = socket.create_connection((ports.HOST, port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        self.socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), received
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        return body

    def _more(self) -> bytes:
        more = self.socket.recv(65_536)
        assert more, "the server closed the connection"
        return more


@contextmanager
def connected(port: int) -> Iterator[Connection]:
    made = Connection(port)
    try:
        yield made
    finally:
        made.socket.close()


def post(path: str, body: bytes, token: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {ports.HOST}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
