"""python slow_app.py <port> <metrics port>: the least that a unit serves, by the kit's server."""

import sys
from typing import Any

from flask import Flask, request

from kit.server import Gunicorn
from kit.settings import Settings


def app() -> Flask:
    made = Flask("slow")

    @made.get("/livez")
    def livez() -> dict[str, str]:
        return {"status": "alive"}

    @made.route("/large", methods=["GET", "POST"])
    def large() -> Any:
        return str(len(request.get_data())) if request.method == "POST" else "x" * 3_000_000

    return made


if __name__ == "__main__":
    port, metrics_port = map(int, sys.argv[1:3])
    limits = {"request_timeout": 2.0, "connections": 300, "metrics_port": metrics_port}
    Gunicorn(app, Settings("slow", None, {}, "", port, 0.0, "", **limits)).run()
