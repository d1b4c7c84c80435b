"""Messages go when they expire or their sender takes them back, and then nobody has them."""

import os

import pytest

from secure_messages import commands
from secure_messages.models import Attachment, HandOver, Message, Recipient


def test_what_expired_is_removed_told_and_opened_by_nobody(ada, grace, days_pass, folder, told):
    ada.sends(("a", b"1"), days="2")
    browser, link = grace()
    days_pass(1.9)
    assert browser.open(f"{link}/message").status_code == 200
    days_pass(0.2)

    assert browser.open(f"{link}/message").status_code == 410
    assert "expired or was deleted" in browser.page
    message, recipient = Message.get(), Recipient.get()
    assert (message.sealed, recipient.key, recipient.link) == (None, None, None)
    assert (list(folder.path.iterdir()), Attachment.select().count()) == ([], 0)
    [expired] = told("message.expired")
    assert (expired.actor, expired.data["recipients"]) == ("service:secure-messages", ["grace@navy.example"])


def test_what_is_expired_is_closed_before_the_job_comes(ada, grace):
    ada.sends()
    browser, link = grace()
    Message.update(expires_at=1).execute()

    assert browser.open(f"{link}/message").status_code == 410
    assert browser.client.post(link, data={"csrf_token": "x"}).status_code in (400, 410)


def test_its_sender_takes_it_back(ada, grace, folder, told):
    message = ada.sends(("a", b"1"))
    browser, link = grace()
    ada.browser.open(f"/messages/{message}")
    page = ada.browser.send(f"/messages/{message}/deletion").text

    assert "Deleted on" in page
    assert browser.open(link).status_code == 410
    assert (Message.get().sealed, list(folder.path.iterdir())) == (None, [])
    [deleted] = told("message.deleted")
    assert (deleted.actor, deleted.data["message_id"]) == (f"member:{ada.id}", message)


def test_taking_it_back_twice_is_told_once_and_its_waiting_mail_is_not_sent(ada, deliver, told):
    message = ada.sends()
    ada.browser.open(f"/messages/{message}")
    token = ada.browser.hidden("csrf_token")
    for _ in range(2):
        ada.browser.client.post(f"/messages/{message}/deletion", data={"csrf_token": token})

    assert len(told("message.deleted")) == 1
    assert deliver() == []
    assert Recipient.get().state == "dropped"


def test_only_a_plan_that_has_it_takes_back_what_was_sent(make_sender):
    sender = make_sender().holds("eco")
    message = sender.sends()
    assert "Delete it now" not in sender.browser.open(f"/messages/{message}").text
    answer = sender.browser.post(f"/messages/{message}/deletion")

    assert answer.status_code == 403
    assert "Your plan Eco does not take back" in answer.text


def test_nobody_takes_back_what_another_sent(ada, make_sender):
    message = ada.sends()
    other = make_sender(account=ada.account).holds("pro")

    assert other.browser.post(f"/messages/{message}/deletion").status_code == 404
    assert Message.get().gone is None


def test_what_is_gone_is_remembered_for_ninety_days(ada, days_pass):
    ada.sends(days="1")
    days_pass(2)
    days_pass(88)
    assert Message.select().count() == 1
    days_pass(3)

    assert (Message.select().count(), Recipient.select().count()) == (0, 0)


def test_a_file_that_belongs_to_no_message_goes_after_a_day(ada, days_pass, folder):
    ada.sends(("a", b"1"))
    [own] = folder.path.iterdir()
    stranger = folder.path / "00000000-0000-4000-8000-000000000000"
    stranger.write_bytes(b"an upload that broke off")
    days_pass(0)
    assert stranger.exists()
    for path in (own, stranger):
        os.utime(path, (1, 1))
    days_pass(0)

    assert list(folder.path.iterdir()) == [own]


def test_a_hand_over_is_remembered_for_as_long_as_it_could_be_used(ada, folder):
    commands.forget_old(folder)
    assert HandOver.select().count() == 1
    HandOver.update(expires_at=1).execute()
    commands.forget_old(folder)

    assert HandOver.select().count() == 0


@pytest.mark.parametrize("days", [1, 90])
def test_the_sender_chooses_how_long_it_can_be_read(ada, days):
    ada.sends(days=str(days))
    message = Message.get()

    assert message.expires_at - message.created_at == days * 24 * 3600 * 1_000_000
