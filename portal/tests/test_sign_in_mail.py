"""The mail with a link to sign in: by TLS, tried again unless the server gives a verdict on it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import structlog

from portal import settings, signin
from smtp_server import PASSWORD, USER, Server, authority

LETTER = signin.Letter("Élodie Ada", "ada@acme.example", "Votre lien", "Connectez-vous à …", "<p>à …</p>")


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Server]:
    with ExitStack() as stack:
        server = Server(stack.enter_context(authority(tmp_path)), tls="starttls", login=True)
        stack.callback(server.close)
        yield server


@pytest.fixture
def send(app: Any, relay: Server, monkeypatch: pytest.MonkeyPatch):
    """Send at once; retries are in the returned list instead of a timer, as (seconds, attempt)."""
    retries: list[tuple[float, int]] = []

    class Later:
        daemon = False

        def __init__(self, seconds: float, _submit: Any, arguments: Any):
            self.retry = (seconds, arguments[2])

        def start(self) -> None:
            retries.append(self.retry)

    class AtOnce:
        def submit(self, work: Any, *arguments: Any) -> None:
            work(*arguments)

    monkeypatch.undo()  # the fixture `letters` keeps mails from going out
    monkeypatch.setattr(signin, "_mailer", AtOnce())
    monkeypatch.setattr(signin.threading, "Timer", Later)
    own = app.extensions["settings"]._replace(smtp_url=relay.url_with_login)

    def run(letter: signin.Letter = LETTER, **changes: Any) -> list[tuple[float, int]]:
        signin.send(own._replace(**changes), letter)
        return retries

    return run


def test_the_mail_goes_out_by_tls_with_a_login_and_in_seven_bits(send, relay):
    assert send() == []

    [(_, recipient, content)] = relay.messages
    assert recipient == "ada@acme.example"
    assert content.isascii()
    assert relay.logins == [(USER.encode(), PASSWORD.encode())]


@pytest.mark.parametrize(
    ("stage", "reply"),
    [("MAIL", "550 5.7.1 Sender refused"), ("RCPT", "451 4.7.1 Greylisted"), ("content", "drop")],
)
def test_what_is_no_verdict_on_the_mail_is_tried_again_until_the_link_is_nearly_over(send, relay, stage, reply):
    relay.replies = {stage: reply}

    assert send() == [(signin.RETRY_AFTER[0], 1)]
    assert sum(signin.RETRY_AFTER) < signin.LASTS


def test_a_mail_that_the_server_refuses_for_good_is_not_sent_again(send, relay):
    relay.replies = {"RCPT": "550 5.1.1 No such mailbox"}
    with structlog.testing.capture_logs() as lines:
        assert send() == []

    assert [(line["event"], line["cause"]) for line in lines] == [("sign_in_mail_refused", "smtp-550-5.1.1")]


def test_an_address_that_needs_smtputf8_is_refused_before_the_server_is_asked(send, relay):
    with structlog.testing.capture_logs() as lines:
        assert send(LETTER._replace(to="zoé@acme.example")) == []

    assert [line["event"] for line in lines] == ["sign_in_mail_refused"]
    assert relay.commands == []


@pytest.mark.parametrize("url", ["smtp+tls://mx.example", "smtp://me:secret@mx.example?starttls"])
def test_the_portal_does_not_start_with_a_url_that_is_not_understood(app, url):
    with pytest.raises(ValueError, match=r"^SMTP_URL "):
        settings.require(app.extensions["settings"]._replace(smtp_url=url))
