"""The mail server: one connection for each mail."""

from email import policy, utils
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage

from kit import smtp
from kit.smtp_replies import NotSent
from kit.smtp_replies import Rejected as RejectedByServer
from secure_messages.domain import Deferred, Letter, Rejected, has_encoded_word


class Post:
    """Sends by SMTP, one connection for each mail; `url` is SMTP_URL, see kit.smtp."""

    def __init__(self, url: str, sender: str):
        self.server = smtp.parse(url)
        self.sender = sender

    def send(self, letter: Letter) -> None:
        """Deferred when it may have to be sent again, Rejected when that is of no use."""
        try:
            recipient = smtp.ascii_address(letter.to)
            content = _message(letter).as_bytes(policy=policy.SMTP)
        except (ValueError, MessageError) as error:
            raise Rejected(f"no mail can be made of it: {error}") from error
        try:
            smtp.deliver(self.server, smtp.sender_of(self.sender), recipient, content)
        except RejectedByServer as error:
            raise Rejected(f"refused: {error.cause}") from error
        except NotSent as error:  # the server's own words may quote the link, which is a secret
            raise Deferred(f"not now: {error.cause}", ours=error.about in ("server", "sender")) from error


def _message(letter: Letter) -> EmailMessage:
    """The email package decodes encoded words, line breaks included: a name could be headers and a text."""
    written = (letter.to, letter.sender_name, letter.sender_address, letter.reply_to, letter.subject)
    if any(map(has_encoded_word, written)):
        raise ValueError("an encoded word in its headers")
    message = EmailMessage()
    message["From"] = Address(letter.sender_name, addr_spec=letter.sender_address)
    message["Reply-To"] = letter.reply_to
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = utils.localtime()
    message["Message-ID"] = letter.message_id
    message["Content-Language"] = letter.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    return message
