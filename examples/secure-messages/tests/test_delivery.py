"""The mail that brings a link: at least once, always the same one, and it says nothing of the message."""

import pytest

from secure_messages import commands
from secure_messages.mail import Post
from secure_messages.models import Recipient
from smtp_server import Server, authority


def test_the_mail_says_who_wrote_and_until_when_and_nothing_of_the_message(ada, deliver, postbox):
    ada.sends(("drawing.txt", b"1"))
    [link] = deliver()
    [mail] = postbox.mails
    text = mail.get_content()

    assert mail["To"] == "grace@navy.example"
    assert mail["From"] == "Ada Lovelace via Secure messages <no-reply@seatwise.example>"
    assert mail["Reply-To"] == "ada@engines.example"
    assert mail["Subject"] == "Ada Lovelace sent you a secure message"
    assert link in text
    for secret in ("compiler", "translates", "drawing"):
        assert secret not in mail.as_string()
    assert Recipient.get().state == "sent"


def test_a_plan_with_it_sends_from_the_own_address(ada, deliver, postbox):
    ada.sends(own_address="on")
    deliver()

    assert postbox.mails[0]["From"] == "Ada Lovelace <ada@engines.example>"


def test_a_french_sender_s_mail_is_french(make_sender, deliver, postbox):
    make_sender(locale="fr", name="Élodie").holds("eco").sends()
    deliver()

    assert postbox.mails[0]["Subject"] == "Élodie vous a envoyé un message sécurisé"


def test_a_busy_server_is_asked_again(ada, deliver, postbox):
    ada.sends()
    postbox.faults = ["later"]
    assert deliver() == []
    waiting = Recipient.get()
    assert (waiting.state, waiting.reason) == ("queued", "not now: smtp-451")

    assert len(deliver(later=60)) == 1


def test_a_server_that_is_away_is_asked_again(ada, deliver, postbox):
    ada.sends()
    postbox.close()
    assert deliver() == []
    assert Recipient.get().state == "queued"


def test_a_refusal_is_final_and_repeats_no_link(ada, deliver, postbox):
    message = ada.sends()
    postbox.faults = ["never"]
    deliver()
    refused = Recipient.get()

    assert (refused.state, refused.reason, refused.link) == ("failed", "refused: smtp-554", None)
    assert "not delivered (refused: smtp-554)" in ada.browser.open(f"/messages/{message}").text


def test_a_lost_answer_means_the_same_mail_again(ada, deliver, postbox):
    ada.sends()
    postbox.faults = ["hang-up"]
    deliver()
    deliver(later=3600)

    first, second = postbox.mails
    assert first["Message-ID"] == second["Message-ID"] == f"<{Recipient.get().id}@seatwise.example>"
    assert first.get_content() == second.get_content()


def test_a_mail_that_its_worker_left_in_the_middle_is_taken_again(ada, deliver):
    ada.sends()
    Recipient.update(state="sending").execute()

    assert len(deliver()) == 1
    assert Recipient.get().state == "sent"


@pytest.mark.parametrize("reply", ["503 5.5.1 Say EHLO first", "530 Log in", "550 5.7.1 Sender refused"])
def test_a_server_that_refuses_the_sender_gives_no_verdict_on_the_message(
    ada, deliver, postbox, monkeypatch, reply
):
    async def refuse(*_: object) -> str:
        return reply

    ada.sends()
    with monkeypatch.context() as patched:
        patched.setattr(type(postbox), "handle_MAIL", refuse, raising=False)
        assert deliver() == []
    assert Recipient.get().state == "queued"

    assert len(deliver(later=60)) == 1


def test_a_relay_gets_ehlo_again_after_starttls(ada, vault, tmp_path):
    ada.sends()
    with authority(tmp_path) as ca:
        server = Server(ca, tls="starttls")
        post = Post(server.url, "Secure messages <no-reply@seatwise.example>")
        assert commands.send_next(post, vault, "http://localhost")
        server.close()

    assert server.commands == ["EHLO", "EHLO", "MAIL", "RCPT", "content"]
    assert Recipient.get().state == "sent"
