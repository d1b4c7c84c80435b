"""A server that refuses us is no verdict on a mail; one that refuses the recipient is."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import structlog

from notifier import commands
from notifier.links import Links
from notifier.mail import LONGEST_REST, Post
from notifier.models import Notice
from service_fixtures import announced
from smtp_server import Server, authority

from .account import outcome
from .outside import PORTAL

MAIL_FROM = "Seatwise <no-reply@seatwise.example>"


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Server]:
    """A relay that wants STARTTLS and, after it, EHLO again."""
    with ExitStack() as stack:
        server = Server(stack.enter_context(authority(tmp_path)), tls="starttls")
        stack.callback(server.close)
        yield server


@pytest.fixture
def post(relay: Server) -> Iterator[Post]:
    made = Post(relay.url, MAIL_FROM)
    yield made
    made.close()


@pytest.fixture
def send_by(post: Post, links: Links) -> Callable[[], None]:
    def run(later: int = 3600) -> None:
        post._away_until = 0
        Notice.update(due_at=Notice.due_at - later * 1_000_000).execute()
        while commands.send_next(post, links, PORTAL):
            pass

    return run


def test_a_relay_without_login_gets_ehlo_again_after_starttls_and_takes_the_mail(acme, send_by, relay):
    acme.pays()
    send_by()

    assert outcome() == ("sent", 0, 0)
    assert relay.commands[:3] == ["EHLO", "EHLO", "MAIL"]


def test_the_login_goes_out_after_tls_has_begun(acme, links, tmp_path):
    with authority(tmp_path) as ca:
        server = Server(ca, tls="starttls", login=True)
        post = Post(server.url_with_login, MAIL_FROM)
        acme.pays()
        while commands.send_next(post, links, PORTAL):
            pass
        post.close()
        server.close()

    assert outcome() == ("sent", 0, 0)
    assert len(server.logins) == 1


@pytest.mark.parametrize(
    "reply", ["503 5.5.1 Say EHLO first", "530 5.7.0 Log in", "550 5.7.1 Sender refused", "421 4.3.2 Closing"]
)
def test_a_refusal_before_the_recipient_is_named_waits_and_leaves_the_server_in_peace(
    acme, send_by, relay, post, reply
):
    relay.replies = {"MAIL": reply}
    acme.pays()
    acme.pays()
    pauses = []
    for _ in range(8):
        send_by()
        pauses.append(post._pause)

    notices = list(Notice.select())
    assert {(notice.state, notice.attempts) for notice in notices} == {("queued", 0)}
    assert pauses[0] < pauses[1] < pauses[-1] == LONGEST_REST
    assert announced() == []
    code = reply[:3]
    assert any(notice.cause.startswith(f"smtp-{code}") for notice in notices if notice.cause)

    relay.replies = {}
    send_by()
    assert {notice.state for notice in Notice.select()} == {"sent"}


def test_a_denied_relay_is_retried_less_and_less_often_and_holds_up_no_other_mail(acme, send_by, relay):
    relay.replies = {"RCPT": "554 5.7.1 Relay access denied"}
    acme.pays()
    with structlog.testing.capture_logs() as lines:
        send_by(later=0)

    notice = Notice.get()
    assert (notice.state, notice.attempts, notice.cause) == ("queued", 1, "smtp-554-5.7.1")
    assert [line["cause"] for line in lines if line["event"] == "mail_sender_refused"] == ["smtp-554-5.7.1"]

    relay.replies = {}
    acme.pays()
    send_by(later=0)
    assert sorted(notice.state for notice in Notice.select()) == ["queued", "sent"]


def test_a_full_mailbox_is_tried_again_and_an_unknown_one_is_not(acme, send_by, relay):
    relay.replies = {"RCPT": "552 5.2.2 Mailbox full"}
    acme.pays()
    send_by()
    assert outcome() == ("queued", 1, 0)

    relay.replies = {"RCPT": "550 5.1.1 No such mailbox"}
    send_by()
    assert outcome() == ("failed", 1, 0)
    assert Notice.get().cause == "smtp-550-5.1.1"


def test_an_address_that_needs_smtputf8_fails_and_says_so(acme, send_by, relay):
    acme.adds(zoe := "0190b5a0-0000-7000-8000-00000000000f", "zoé@acme.example", "Zoé", "en")
    acme.pays(placed_by=zoe)
    send_by()

    assert outcome() == ("failed", 0, 0)
    assert "SMTPUTF8" in Notice.get().reason
    assert relay.messages == []


@pytest.mark.parametrize("url", ["smtp+tls://mx.example", "smtp://me:secret@mx.example"])
def test_a_url_that_is_not_understood_starts_no_sender(url: str, monkeypatch: Any):
    with pytest.raises(ValueError, match="SMTP_URL"):
        Post(url, MAIL_FROM)
