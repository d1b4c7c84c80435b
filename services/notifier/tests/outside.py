"""The outside world as real servers: a mail server that can misbehave, and entitlements."""

import asyncio
import json
import socket
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from kit import auth

PORTAL = "https://portal.example"
CODE = "K7QF-93MX-T2VA"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class MailServer:
    """Takes mail; `faults` holds what goes wrong with the next ones.

    refuse-later (4xx), refuse (5xx), hang-up-before (the connection drops at RCPT),
    hang-up-after (it takes the mail and drops the connection), refuse-content (5xx after DATA),
    think (half a second before it takes the mail), wait (until another mail has come).
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.mails: list[EmailMessage] = []
        self.faults: list[str] = []
        self.connections = 0
        self._controller: Controller | None = None

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        self.connections = 0

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_EHLO(  # noqa: N802
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        match self.faults[:1]:
            case ["refuse-later"]:
                self.faults.pop(0)
                return "451 4.3.0 Try again later"
            case ["refuse"]:
                self.faults.pop(0)
                return "550 5.1.1 No such mailbox"
            case ["hang-up-before"]:
                self.faults.pop(0)
                server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=policy.default)
        match self.faults[:1]:
            case ["refuse-content"]:
                self.faults.pop(0)
                return f"554 5.7.1 Suspicious link: {first_link(mail)}"
            case ["hang-up-after"]:
                self.faults.pop(0)
                server.transport.abort()
            case ["think"]:
                self.faults.pop(0)
                await asyncio.sleep(0.5)
            case ["wait"]:
                self.faults.pop(0)
                while not self.mails:
                    await asyncio.sleep(0.01)
        self.mails.append(mail)
        return "250 OK"


def part(mail: EmailMessage, subtype: str) -> str:
    """The `plain` or the `html` part as text."""
    found = mail.get_body(preferencelist=(subtype,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def first_link(mail: EmailMessage) -> str:
    words = part(mail, "plain").split()
    return next((word for word in words if word.startswith("https://")), "none")


class AskedEntitlements:
    """Answers GET …/licenses/{l}/activation from `holders`: license → answer; `broken` answers 503."""

    def __init__(self, verifier: auth.Verifier) -> None:
        self.holders: dict[str, dict[str, Any]] = {}
        self.broken = False
        self.asked: list[str] = []
        outside = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                caller = verifier.caller(self.headers["Authorization"].removeprefix("Bearer "))
                assert caller.grants == {"activation:link"}
                outside.asked.append(self.path)
                answer = outside.holders.get(self.path.split("/")[5])
                status = 503 if outside.broken else 200 if answer else 404
                body = json.dumps(answer or {"code": "license-not-assigned"}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def gives(self, assigned: dict[str, Any], code: str, activated_at: str | None = None) -> None:
        """The person of this license.assigned holds the license, with this code."""
        answer = {"code": code, "activated_at": activated_at, "assignment_id": assigned["assignment_id"]}
        self.holders[assigned["license_id"]] = answer

    def start(self) -> None:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
