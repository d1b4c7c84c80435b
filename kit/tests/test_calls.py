"""Calls to other units go to them, whatever the environment says about the world outside."""

import http.server
import re
import threading
from pathlib import Path

import pytest

from kit import calls

ROOT = Path(__file__).parents[2]
UNITS = ("kit/src", "services", "portal/src", "examples/secure-messages/src")
BY_HAND = re.compile(r"httpx\.(Client|AsyncClient|get|post|put|patch|delete|request|stream)\(")


@pytest.fixture
def unit():
    """The address of a unit, and the headers that it got."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(dict(self.headers))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


def test_a_call_to_a_unit_ignores_proxies_and_passwords_of_the_environment(unit, monkeypatch, tmp_path):
    url, seen = unit
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert calls.client(url).get("/").status_code == 200
    assert "Authorization" not in seen[0]


def test_no_unit_makes_a_client_by_hand():
    by_hand = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for folder in UNITS
        for path in (ROOT / folder).rglob("src/**/*.py" if folder == "services" else "*.py")
        if path.name != "calls.py"
        for line in path.read_text().splitlines()
        if BY_HAND.search(line)
    ]

    assert by_hand == []
