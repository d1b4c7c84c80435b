"""A mail server that can misbehave."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from local import ports


class Postbox:
    """Takes mail; `faults` holds what goes wrong with the next ones.

    later (4xx), never (5xx), hang-up (it takes the mail and drops the connection).
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.faults: list[str] = []
        [port] = ports.free(1)
        self._controller = Controller(self, hostname=ports.HOST, port=port)
        self._controller.start()
        self.open = True
        self.url = f"smtp://{ports.HOST}:{port}"

    def close(self) -> None:
        self.open = False
        self._controller.stop()

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        fault = self.faults.pop(0) if self.faults else ""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        if fault in ("later", "never"):
            return f"{451 if fault == 'later' else 554} no: {mail.get_content()[:200]!r}"
        self.mails.append(mail)  # type: ignore[arg-type]
        if fault == "hang-up":
            server.transport.abort()
        return "250 OK"
