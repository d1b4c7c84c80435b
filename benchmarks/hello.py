"""python -m benchmarks.hello <port>: the least that Flask does under our gunicorn, which is the floor of a check."""

import sys

from flask import Flask, Response, request

from kit import cli
from kit.settings import Settings
from local import ports

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


if __name__ == "__main__":
    cli.Gunicorn(app, settings(int(sys.argv[1]))).run()
