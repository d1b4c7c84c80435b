"""The proxy's own configuration, in a real nginx before a server that shows what arrives."""

import json
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from compose import credentials
from local import ports, running, system

CONFIGURATION = running.REPOSITORY / "deploy" / "proxy" / "nginx.conf"
nginx_is_here = pytest.mark.skipif(not system.find("nginx"), reason="nginx is installed by `make test-deploy`")


class Portal(BaseHTTPRequestHandler):
    """Answers with the headers of the request."""

    def do_GET(self) -> None:
        body = json.dumps(dict(self.headers.items())).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Its port. Only addresses, paths and deadlines differ from the file."""
    directory = tmp_path_factory.mktemp("proxy")
    credentials.make(directory / "secrets")
    inside = ThreadingHTTPServer((ports.HOST, 0), Portal)
    threading.Thread(target=inside.serve_forever, daemon=True).start()
    port, health = ports.free(2)
    text = CONFIGURATION.read_text()
    for before, after in {
        "/tmp/": f"{directory}/",
        "listen 8443": f"listen {ports.HOST}:{port}",
        "127.0.0.1:8081": f"{ports.HOST}:{health}",
        "portal-web:8080": f"{ports.HOST}:{inside.server_port}",
        "/run/secrets/tls-certificate": f"{directory}/secrets/tls/certificate.pem",
        "/run/secrets/tls-key": f"{directory}/secrets/tls/key.pem",
        "/dev/stdout": f"{directory}/access.log",
        "/dev/stderr": f"{directory}/error.log",
        "header_timeout 10s": "header_timeout 2s",
        "body_timeout 10s": "body_timeout 2s",
        "300; #": "250; #",
    }.items():
        assert before in text
        text = text.replace(before, after)
    (directory / "nginx.conf").write_text(f"user root;\n{text}")
    options = ["-e", directory / "error.log", "-c", directory / "nginx.conf", "-g", "daemon off;"]
    process = subprocess.Popen([str(part) for part in (system.find("nginx"), *options)])
    try:
        until = time.monotonic() + 10
        while socket.socket().connect_ex((ports.HOST, port)):
            assert process.poll() is None, (directory / "error.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        inside.shutdown()


def outside(port: int) -> httpx.Client:
    return httpx.Client(base_url=f"https://{ports.HOST}:{port}", verify=False, timeout=5)


@nginx_is_here
def test_what_a_client_says_about_itself_is_replaced(proxy):
    lies = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}
    lies |= {"X-Correlation-Id": "mine", "X-Forwarded-Prefix": "/x", "Forwarded": "for=198.51.100.7"}
    with outside(proxy) as client:
        answer = client.get("/", headers=lies)
    arrived = answer.json()

    assert arrived["X-Forwarded-For"] == ports.HOST
    assert arrived["X-Forwarded-Proto"] == "https"
    assert arrived["X-Forwarded-Host"] == f"{ports.HOST}:{proxy}"
    assert not {"X-Forwarded-Prefix", "Forwarded"} & set(arrived)
    assert arrived["X-Correlation-Id"] == answer.headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])
    assert "max-age" in answer.headers["Strict-Transport-Security"]


@nginx_is_here
@pytest.mark.parametrize("path", ["/metrics", "/%6Detrics", "//metrics", "/a/../metrics", "/livez", "/readyz/"])
def test_what_is_for_operators_is_not_there(proxy, path):
    with outside(proxy) as client:
        assert client.get(f"https://{ports.HOST}:{proxy}{path}").status_code == 404


@nginx_is_here
def test_a_body_that_is_too_large_is_refused(proxy):
    with outside(proxy) as client:
        assert client.post("/", content=b"x" * 1_100_000).status_code == 413


@nginx_is_here
def test_200_slow_clients_do_not_delay_the_others(proxy):
    context = ssl._create_unverified_context()
    first = (b"", b"GET / HTTP/1.1\r\nX", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n{")
    slow = []
    for number in range(200):
        made = context.wrap_socket(socket.create_connection((ports.HOST, proxy)))
        made.sendall(first[number % 3])
        slow.append(made)
    times = []
    for _ in range(40):
        began = time.monotonic()
        with outside(proxy) as client:
            assert client.get("/").status_code == 200
        times.append(time.monotonic() - began)
    for made in slow:
        made.close()

    assert sorted(times)[37] < 1


def test_the_deadlines_and_limits_of_the_proxy_are_set():
    text = CONFIGURATION.read_text()
    for word in ("client_header_timeout", "client_body_timeout", "send_timeout", "limit_conn ", "limit_req "):
        assert re.search(rf"^\s*{word}", text, re.MULTILINE), word


@nginx_is_here
@pytest.mark.parametrize(
    ("version", "taken"),
    [
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_is_1_2_or_1_3(proxy: int, version: ssl.TLSVersion, taken: bool) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT@SECLEVEL=0")  # this client would speak the old ones
    context.minimum_version = context.maximum_version = version
    with socket.create_connection((ports.HOST, proxy), timeout=10) as connection:
        try:
            with context.wrap_socket(connection):
                spoken = True
        except (ssl.SSLError, ConnectionError):
            spoken = False

    assert spoken is taken
