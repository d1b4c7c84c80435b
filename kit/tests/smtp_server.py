"""SMTP servers of all kinds, for the tests of every unit that sends."""

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

HOST = "127.0.0.1"
USER, PASSWORD = "relay@seatwise.example", "p@ss/w:rd"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def authority(folder: Path) -> Iterator[trustme.CA]:
    """A certificate authority of our own, which this process trusts meanwhile."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(folder / "ca.pem")
    try:
        yield ca
    finally:
        os.environ.pop("SSL_CERT_FILE", None)
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before


class Server:
    """An SMTP server; `replies` by command (EHLO, MAIL, RCPT, DATA, or content) replace its own.

    A reply of "drop" closes the connection instead. tls: "none", "starttls" or "tls"; login: whether
    it wants one before MAIL. Every command it got is in `commands`, every message in `messages`.
    """

    def __init__(self, ca: trustme.CA | None = None, *, tls: str = "none", login: bool = False):
        self.replies: dict[str, str] = {}
        self.commands: list[str] = []
        self.messages: list[tuple[str, str, bytes]] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.port = free_port()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        if ca is not None:
            ca.issue_cert(HOST).configure_cert(context)
        options: dict[str, Any] = {"auth_required": login, "authenticator": self._log_in}
        if tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        else:
            options["auth_require_tls"] = False
        self.scheme = {"none": "smtp", "starttls": "smtp+starttls", "tls": "smtps"}[tls]
        implicit = {"ssl_context": context} if tls == "tls" else {}
        server = self

        class Recording(SMTP):
            async def push(self, status: Any) -> None:
                if server._pending == "drop":
                    server._pending = ""
                    self.transport.abort()
                    return None
                return await super().push(status)

            async def _handle_client(self) -> None:
                with suppress(ConnectionError):
                    await super()._handle_client()

        class Wired(Controller):
            def factory(self) -> SMTP:
                return Recording(self.handler, **self.SMTP_kwargs)

        self._pending = ""
        self._controller = Wired(self, hostname=HOST, port=self.port, **implicit, **options)
        self._controller.start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://{HOST}:{self.port}"

    @property
    def url_with_login(self) -> str:
        return f"{self.scheme}://relay%40seatwise.example:p%40ss%2Fw%3Ard@{HOST}:{self.port}"

    def close(self) -> None:
        self._controller.stop()

    def _log_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    def _reply(self, command: str, own: str) -> str:
        self.commands.append(command)
        reply = self.replies.get(command, own)
        self._pending = reply if reply == "drop" else ""
        return reply

    async def handle_EHLO(  # noqa: N802
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        reply = self._reply("EHLO", "")
        session.host_name = hostname
        return [reply] if reply else responses

    async def handle_HELO(self, _server: Any, session: Any, _envelope: Any, hostname: str) -> str:  # noqa: N802
        session.host_name = hostname
        return self._reply("HELO", "250 hello")

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._reply("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        reply = self._reply("RCPT", "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        reply = self._reply("content", "250 OK")
        if reply.startswith("2") or reply == "drop":
            self.messages.append((envelope.mail_from, envelope.rcpt_tos[0], envelope.content))
        return reply


@contextmanager
def scripted(*lines: bytes, pause: float = 0.0) -> Iterator[str]:
    """The URL of a server that says these bytes, one line per command, a byte each `pause` seconds."""
    stopped = threading.Event()

    def say(client: socket.socket, line: bytes) -> None:
        for byte in line if pause else [line]:
            client.sendall(bytes([byte]) if isinstance(byte, int) else byte)
            if stopped.wait(pause):
                return

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            client, _ = listening.accept()
            with client:
                for line in lines:
                    say(client, line)
                    client.recv(1000)
                stopped.wait(30)

    with socket.create_server((HOST, 0)) as listening:
        thread = threading.Thread(target=serve, args=[listening], daemon=True)
        thread.start()
        try:
            yield f"smtp://{HOST}:{listening.getsockname()[1]}"
        finally:
            stopped.set()
