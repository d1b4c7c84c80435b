"""A mailbox for everybody: takes any mail by SMTP on loopback, keeps it in a directory, shows it on a page.

Tests make its SMTP side misbehave with `fail` and `heal`; over HTTP there is no such switch.
"""

import email
import email.policy
import itertools
import re
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from flask import Flask, Response, abort, jsonify, render_template, request
from werkzeug.serving import WSGIRequestHandler, make_server

from kit import smtp
from local import ports

DROP_BEFORE_DATA = "drop before data"
DROP_AFTER_DATA = "drop after data"  # the mail is kept, its sender never learns that
REFRESH_EVERY = 5  # seconds
# Mail may show pictures it carries and style itself; it may not run, load or embed anything.
CAGE = "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
MAIL_POLICY = f"{CAGE}; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'"


class Mailbox:
    """start(), stop(); `smtp_url`; fail("451 4.3.0 Try later"), fail(DROP_AFTER_DATA, times=1), heal()."""

    def __init__(self, directory: Path, *, smtp_port: int, page_port: int, host: str = ports.HOST):
        self.directory = directory
        self.smtp_url = f"smtp://{host}:{smtp_port}"
        self.smtp = Controller(Postman(self), hostname=host, port=smtp_port, ident=smtp.MAILBOX_BANNER)
        self.host = host
        self.page_port = page_port
        self.fault: str | None = None
        self.faults_left = 0
        self._serial = itertools.count()
        self._page: Any = None

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.smtp.start()
        self._page = make_server(
            self.host, self.page_port, create_app(self), threaded=True, request_handler=Quiet
        )
        threading.Thread(target=self._page.serve_forever, name="mailbox page", daemon=True).start()

    def stop(self) -> None:
        if self._page:
            self._page.shutdown()
            self._page.server_close()
            self._page = None
            self.smtp.stop()

    def fail(self, how: str, times: int = 1_000_000) -> None:
        """Answer the next mails with `how`: an SMTP reply (`451 …`, `554 …`) or one of DROP_…"""
        self.fault, self.faults_left = how, times

    def heal(self) -> None:
        self.fault = None

    def failing(self, *, before_data: bool) -> str | None:
        """The fault that strikes the mail at hand at this point, if any; each counts once."""
        if self.fault is None or self.faults_left == 0 or before_data != (self.fault == DROP_BEFORE_DATA):
            return None
        self.faults_left -= 1
        return self.fault

    def keep(self, recipients: list[str], content: bytes) -> None:
        """Under a name that sorts by arrival, whole or not at all."""
        name = f"{time.time_ns():020d}-{next(self._serial):04d}"
        written = self.directory / f"{name}.part"
        written.write_bytes(f"X-Delivered-To: {', '.join(recipients)}\r\n".encode() + content)
        written.rename(self.directory / f"{name}.eml")

    def messages(self) -> list[dict[str, Any]]:
        """Every mail, oldest first."""
        return [read(path) for path in sorted(self.directory.glob("*.eml"))]

    def clear(self) -> None:
        for path in self.directory.glob("*.eml"):
            path.unlink(missing_ok=True)


class Postman:
    """What aiosmtpd calls for each command of a sender."""

    def __init__(self, mailbox: Mailbox):
        self.mailbox = mailbox

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if self.mailbox.failing(before_data=True):
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        fault = self.mailbox.failing(before_data=False)
        if fault in (None, DROP_AFTER_DATA):
            self.mailbox.keep(envelope.rcpt_tos, envelope.content)
        if fault == DROP_AFTER_DATA:
            server.transport.abort()
        return fault or "250 2.0.0 Kept"


class Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        """A page that refreshes itself would fill the terminal."""


def read(path: Path) -> dict[str, Any]:
    """A kept mail as {id, to, from, subject, text, html, headers}."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return {
        "id": path.stem,
        "to": str(message["X-Delivered-To"]),
        "from": str(message["From"] or ""),
        "subject": str(message["Subject"] or ""),
        "text": _body(message, "plain"),
        "html": _body(message, "html"),
        "headers": {name: str(value) for name, value in message.items() if name != "X-Delivered-To"},
    }


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return "" if part is None else str(part.get_content())


def create_app(mailbox: Mailbox) -> Flask:
    app = Flask(__name__, static_folder=None)

    @app.after_request
    def close_the_page(answer: Response) -> Response:
        answer.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @app.get("/")
    def inbox() -> Response:
        """It loads itself anew without a script, unless the reader stopped that."""
        refreshing = "still" not in request.args
        page = render_template("inbox.html", messages=mailbox.messages()[::-1], refreshing=refreshing)
        return Response(page, headers={"Refresh": str(REFRESH_EVERY)} if refreshing else {})

    @app.get("/messages")
    def listing() -> Response:
        return jsonify(mailbox.messages())

    @app.delete("/messages")
    def clear() -> tuple[str, int]:
        mailbox.clear()
        return "", 204

    def kept(name: str) -> dict[str, Any]:
        path = mailbox.directory / f"{name}.eml"
        if not re.fullmatch(r"\d+-\d+", name) or not path.exists():
            abort(404)
        return read(path)

    @app.get("/messages/<name>")
    def show(name: str) -> str:
        message = kept(name)
        return render_template("mail.html", message=message, text=list(_with_links(message["text"])))

    @app.get("/messages/<name>/html")
    def html(name: str) -> Response:
        """In a cage of its own; links leave the frame they are shown in."""
        answer = Response(f'<base target="_top">{kept(name)["html"]}', content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = MAIL_POLICY
        return answer

    return app


def _with_links(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces of the text, each with whether it is an address to click."""
    for piece in re.split(r"(https?://[^\s<>\"]+)", text):
        yield piece, piece.startswith(("http://", "https://"))
