"""What stands before the replicas of a unit as a balancer does: one is taken out before it is stopped."""

import itertools
import socket
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from weakref import WeakSet

from journeys.people import PATIENCE
from local import ports

PER_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


class Front:
    """add() and take_out() replicas by their ports. It asks nobody twice: what fails has failed."""

    def __init__(self, port: int):
        self.replicas: list[int] = []
        self.busy = Counter[int]()
        self.turn = itertools.count()
        self.changing = threading.Lock()
        self.failed: list[str] = []
        self.server = _Server((ports.HOST, port), _handler(self))
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def add(self, port: int) -> None:
        with self.changing:
            self.replicas.append(port)

    def take_out(self, port: int) -> None:
        """Returns when it has answered all that it was asked."""
        with self.changing:
            self.replicas.remove(port)
        deadline = time.monotonic() + PATIENCE
        while self.busy[port]:
            assert time.monotonic() < deadline, f"the replica at {port} does not answer"
            time.sleep(0.01)

    def begin(self) -> int:
        with self.changing:
            port = self.replicas[next(self.turn) % len(self.replicas)]
            self.busy[port] += 1
            return port

    def end(self, port: int) -> None:
        with self.changing:
            self.busy[port] -= 1

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        for connection in list(self.server.open):
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *arguments: Any):
        self.open = WeakSet[socket.socket]()
        super().__init__(*arguments)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.open.add(connection)
        return connection, address


def _handler(front: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = PATIENCE

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            port = front.begin()
            try:
                connection = HTTPConnection(ports.HOST, port, timeout=PATIENCE)
                headers = {**dict(self.headers.items()), "Connection": "close"}
                connection.request(self.command, self.path, body or None, headers)
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
            except (OSError, HTTPException) as error:
                front.failed.append(f"{self.command} {self.path} at {port}: {error!r}")
                self.send_error(502)
                return
            finally:
                front.end(port)
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in PER_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:
            """It is asked thousands of times."""

    return Handler
