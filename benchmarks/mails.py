"""A mail server that takes every mail and notes when: one that does more would measure itself."""

import re
import socketserver
import threading
import time

from local import ports

MESSAGE_ID = re.compile(r"^Message-ID: <([0-9a-f-]{36})", re.MULTILINE | re.IGNORECASE)


class MailServer(socketserver.ThreadingTCPServer):
    """start(), stop(), `smtp_url`, as the suite's mailbox has them. `seen`: event → when its mail was taken;
    `twice`: events whose mail came again."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((ports.HOST, 0), _Sender)
        self.seen: dict[str, float] = {}
        self.twice: list[str] = []
        self.smtp_url = f"smtp://{ports.HOST}:{self.server_address[1]}"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def taken(self, content: bytes) -> None:
        [event] = MESSAGE_ID.findall(content.decode())
        if event in self.seen:
            self.twice.append(event)
        self.seen[event] = time.monotonic()


class _Sender(socketserver.StreamRequestHandler):
    """Somebody's connection: what RFC 5321 has a client say between EHLO and QUIT."""

    server: MailServer

    def handle(self) -> None:
        self._say("220 ready")
        for line in self.rfile:
            match line[:4].upper():
                case b"DATA":
                    self._say("354 go on")
                    self.server.taken(self._content())
                    self._say("250 taken")
                case b"QUIT":
                    return self._say("221 bye")
                case _:
                    self._say("250 fine")
        return None

    def _content(self) -> bytes:
        return b"".join(iter(self.rfile.readline, b".\r\n"))

    def _say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())
