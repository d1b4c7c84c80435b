"""The server under slow clients, oversized floods and invented labels, as a process of its own."""

import contextlib
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hostile
from kit import metrics
from kit.server import is_complete
from local import ports

PATIENCE = 2.0  # of the process under test


class Server(NamedTuple):
    port: int
    metrics_port: int


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(*ports.free(2))
    command = [sys.executable, str(Path(__file__).with_name("slow_app.py")), *map(str, made)]
    with (tmp_path_factory.mktemp("slow") / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + 20
        while not hostile.waits(made.port, 0.1, patience=1)[0] < 1:
            assert time.monotonic() < until
        yield made
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.parametrize("kind", hostile.KINDS)
def test_200_slow_clients_of_a_kind_do_not_delay_the_others(server, kind):
    with hostile.Crowd(server.port, 200, (kind,)):
        assert hostile.p95(hostile.waits(server.port, 1.5)) < 1


def test_200_slow_clients_of_mixed_kinds_do_not_delay_the_others(server):
    with hostile.Crowd(server.port, 200):
        assert hostile.p95(hostile.waits(server.port, 3)) < 1


def test_more_connections_than_the_limit_close_the_oldest_and_stop_nothing(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 1300:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(_connected(server.port)) for _ in range(1005)]
        assert hostile.p95(hostile.waits(server.port, 0.5)) < 1
        assert sockets[0].recv(1) == b""
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"GET /livez HTTP/1.1\r\nX", b"HTTP/1.1 408 Request Timeout"),
        (b"POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{", b"HTTP/1.1 408 Request Timeout"),
    ],
    ids=["silent", "headers", "body"],
)
def test_a_request_that_does_not_end_is_closed_at_its_deadline(server, sent, answer):
    began = time.monotonic()
    with _connected(server.port) as client:
        client.sendall(sent)
        assert client.recv(1000).partition(b"\r\n")[0] == answer
    assert PATIENCE - 0.1 <= time.monotonic() - began < PATIENCE + 2


@pytest.mark.parametrize("size", [0, 1, 60_000, 70_000, 900_000])
def test_a_body_of_any_size_arrives_whole_in_pieces_too(server, size):
    head = b"POST /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size
    request = head + b"x" * size
    with _connected(server.port) as client:
        for start in range(0, len(request), 40_000):
            client.sendall(request[start : start + 40_000])
            time.sleep(0.01)
        assert client.makefile("rb").read().endswith(b"\r\n\r\n%d" % size)


def test_a_large_answer_arrives_whole_and_the_connection_goes_on(server):
    client = HTTPConnection("127.0.0.1", server.port, timeout=10)
    for path, length in (("/large", 3_000_000), ("/livez", 19), ("/large", 3_000_000)):
        client.request("GET", path)
        time.sleep(0.1)
        assert len(client.getresponse().read()) == length
    client.close()


def test_requests_that_arrive_together_are_answered_in_order(server):
    one = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
    with _connected(server.port) as client:
        client.sendall((one + b"\r\n") * 3 + one + b"Connection: close\r\n\r\n")
        assert client.makefile("rb").read().count(b'{"status":"alive"}') == 4


def test_metrics_are_served_at_their_own_port_alone(server):
    def status(port: int, path: str) -> int:
        client = HTTPConnection("127.0.0.1", port, timeout=5)
        client.request("GET", path)
        return client.getresponse().status

    assert [status(port, "/metrics") for port in server] == [404, 200]
    assert [status(port, "/livez") for port in server] == [200, 404]


@given(st.binary(max_size=400))
def test_a_request_is_complete_or_not_whatever_its_bytes(data):
    assert is_complete(bytearray(data)) in (True, False, None)


@pytest.mark.parametrize(
    ("request_", "complete"),
    [
        (b"GET / HTTP/1.1\r\n", False),
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\ncontent-LENGTH:2\r\n\r\n{", False),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n{", None),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", None),
        (b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", None),
        (b"x" * 70_000, True),
    ],
)
def test_a_thread_gets_a_request_when_it_is_complete(request_, complete):
    assert is_complete(bytearray(request_)) is complete


def test_invented_methods_statuses_and_types_add_one_series_each(monkeypatch):
    before = len(metrics.generate_latest())
    for number in range(5_000):
        metrics.count_request(f"ODD{number}", None, 600 + number, 0.1)
        metrics.EVENTS_APPLIED.labels("shop", metrics.label(f"thing.{number}", {"thing.sold"})).inc()

    assert len(metrics.generate_latest()) < before + 3_000


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)
