"""python -m benchmarks.hello <port>: the least that Flask does under our gunicorn."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response, request

from kit import server
from kit.settings import Settings
from local import ports, running, suite
from local.processes import Process

ANSWER = b'{"allowed": true, "reason": "ok", "value": 100}'


def app() -> Flask:
    made = Flask("hello")

    @made.post("/v1/checks")
    def answer() -> Response:
        request.get_data()
        return Response(ANSWER, content_type="application/json")

    @made.get("/")
    def hello() -> str:
        return "hello"

    return made


def settings(port: int) -> Settings:
    return Settings("hello", None, {}, "", port, 0.0, "", host=ports.HOST)


@contextmanager
def served(home: Path) -> Iterator[tuple[int, int]]:
    [port] = ports.free(1)
    command = [sys.executable, "-m", "benchmarks.hello", str(port)]
    path = os.pathsep.join([str(running.REPOSITORY), str(running.REPOSITORY / "deploy")])
    process = Process("hello", command, {**os.environ, "PYTHONPATH": path}, home / "hello.log")
    process.start()
    try:
        while process.pid and not suite.answers(f"http://{ports.HOST}:{port}/"):
            time.sleep(0.05)
        assert process.pid, process.log.read_text()
        yield port, process.pid
    finally:
        process.stop()


if __name__ == "__main__":
    server.Gunicorn(app, settings(int(sys.argv[1]))).run()
