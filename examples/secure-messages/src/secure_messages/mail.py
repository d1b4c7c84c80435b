"""The mail server: one connection for each mail."""

import smtplib
import ssl
from email import policy, utils
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from secure_messages.domain import Deferred, Letter, Rejected, has_encoded_word

TIMEOUT = 3.0  # seconds for one answer; all of them are less than a worker's part may be silent


class Post:
    """Sends by SMTP: smtp://host:port or smtp+starttls://user:password@host:port."""

    def __init__(self, url: str, sender: str):
        self.url = urlsplit(url)
        self.sender = sender

    def send(self, letter: Letter) -> None:
        """Deferred when it may have to be sent again, Rejected when that is of no use."""
        try:
            message = _message(letter)
            with self._connected() as smtp:
                smtp.sendmail(
                    utils.parseaddr(self.sender)[1], [letter.to], message.as_bytes(policy=policy.SMTP)
                )
        except (ValueError, MessageError) as error:
            raise Rejected(f"no mail can be made of it: {error}") from error
        except smtplib.SMTPRecipientsRefused as error:
            [(code, said)] = error.recipients.values()
            raise _no(code, said) from error
        except smtplib.SMTPResponseException as error:
            raise _no(error.smtp_code, error.smtp_error) from error
        except OSError as error:
            raise Deferred(f"mail server away: {error}"[:200]) from error

    def _connected(self) -> smtplib.SMTP:
        smtp = smtplib.SMTP(self.url.hostname or "", self.url.port or 25, timeout=TIMEOUT)
        try:
            if self.url.scheme == "smtp+starttls":
                smtp.starttls(context=ssl.create_default_context())
            if self.url.username:
                smtp.login(unquote(self.url.username), unquote(self.url.password or ""))
        except BaseException:
            smtp.close()
            raise
        return smtp


def _no(code: int, _said: bytes | str) -> Exception:
    """A server that refuses a mail may quote its link, which is a secret: the number has to do."""
    return Rejected(f"refused: {code}") if 500 <= code < 600 else Deferred(f"not now: {code}")


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
