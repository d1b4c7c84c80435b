"""What the replies of an SMTP server say about a message, its sender and the connection.

Replies before RCPT speak of the connection or the sender, whatever their code: none of them
depends on the recipient (RFC 5321 §4.3.2). At RCPT and after DATA the reply code (RFC 5321 §4.2.3,
RFC 4954 §6, RFC 7504) or the enhanced code's subject and detail (RFC 3463 §3 and IANA's registry;
7.20 to 7.27 are RFC 7372 and RFC 7505) can still blame the sender.
"""

import re


class NotSent(Exception):
    """The server did not certainly take the message; `cause` names why: smtp-550-5.1.1."""

    about = "server"

    def __init__(self, text: str, cause: str):
        super().__init__(text)
        self.cause = cause


class Unavailable(NotSent):
    """The connection failed, or the server refuses us: no other message would pass either."""


class SenderRefused(NotSent):
    """The server refuses the sender, for this recipient: retried, and an operator has to act."""

    about = "sender"


class Postponed(NotSent):
    """The server may take this message later."""

    about = "later"


class Rejected(NotSent):
    """The server will never take this message."""

    about = "message"


class ReplyLost(NotSent):
    """The message went out and no reply came: it may have arrived."""

    about = "unknown"


CLOSING = 421
SENDER_CODES = {500, 502, 503, 504, 521, 530, 534, 535, 538, 555}
SENDER_DETAILS = {
    "RCPT": re.compile(r"1\.[78]|3\.5|5\.[15]|7\.(?!(2|13|17|18)$)\d+"),
    # 7.1 at RCPT is "relaying denied"; after DATA it is the content.
    "DATA": re.compile(r"1\.[78]|3\.5|5\.[15]|7\.(8|9|11|14|2[0-7])"),
}
FULL = {"2.2", "3.1", "3.2"}  # a full mailbox or system passes (RFC 3463 §3.3, §3.4)
FULL_RECIPIENT = 552  # at RCPT to be treated as 452 (RFC 5321 §4.5.3.1.10)
ENHANCED = re.compile(r"[245]\.(\d{1,3}\.\d{1,3})\b")


def refusal(stage: str, code: int, text: str) -> NotSent:
    """Return what a reply other than success means at this stage: CONNECT, MAIL, RCPT, DATA …"""
    enhanced = ENHANCED.match(text)
    detail = enhanced[1] if enhanced else ""
    cause = f"smtp-{code}" + (f"-{enhanced[0]}" if enhanced else "")
    return _kind(stage, code, detail)(f"{code} {text}"[:500], cause)


def _kind(stage: str, code: int, detail: str) -> type[NotSent]:
    if stage not in SENDER_DETAILS or code == CLOSING or not 400 <= code < 600:
        return Unavailable
    if code in SENDER_CODES or SENDER_DETAILS[stage].fullmatch(detail):
        return SenderRefused
    if code < 500 or detail in FULL or (not detail and (stage, code) == ("RCPT", FULL_RECIPIENT)):
        return Postponed
    return Rejected
