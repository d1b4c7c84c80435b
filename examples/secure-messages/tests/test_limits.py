"""The sender's plan says what may be sent; everything is asked of `seatwise` and of nothing else."""

import pytest

from kit import limits
from secure_messages.models import Message
from secure_messages.pages import senders

MB = 1024 * 1024


def test_eco_sends_the_message_alone(make_sender, folder):
    sender = make_sender().holds("eco")
    assert "Your plan sends the message alone" in sender.browser.open("/messages/new").text

    assert sender.sends()
    answer = sender.posts(("plan.txt", b"1"))

    assert answer.status_code == 403
    assert "Your plan Eco sends the message alone, without attachments." in answer.text
    assert list(folder.path.iterdir()) == []


def test_an_empty_file_is_an_attachment_and_an_empty_field_is_none(make_sender):
    sender = make_sender().holds("eco")
    answer = sender.posts(("empty.txt", b""))

    assert answer.status_code == 403
    assert "Your plan Eco sends the message alone, without attachments." in answer.text
    assert sender.sends(("", b""))


def test_what_was_typed_is_still_there_after_a_refusal(make_sender):
    answer = make_sender().holds("eco").posts(("a", b"1"), body="Dear <Grace>")

    assert "Dear &lt;Grace&gt;" in answer.text
    assert 'role="alert"' in answer.text


def test_attachments_up_to_the_plan_s_value_are_sent_and_a_byte_more_is_refused(make_sender, licenses):
    sender = make_sender()
    licenses.give(sender.id, "advanced", {"attachments.max_mb": 2})

    assert sender.sends(("a", b"x" * MB), ("b", b"x" * MB))
    answer = sender.posts(("a", b"x" * MB), ("b", b"x" * (MB + 1)))

    assert answer.status_code == 403
    assert "Your plan Advanced allows 2 MB of attachments; these are 3 MB." in answer.text


def test_an_upload_that_is_far_too_large_is_refused_before_it_is_read(make_sender, licenses, folder):
    sender = make_sender()
    licenses.give(sender.id, "advanced", {"attachments.max_mb": 1})
    answer = sender.posts(("a", b"x" * 9 * MB))

    assert answer.status_code == 403
    assert "Your plan Advanced allows 1 MB of attachments" in answer.text
    assert list(folder.path.iterdir()) == []


def test_refusals_are_problems_for_whoever_asks_for_them(make_sender):
    sender = make_sender().holds("advanced")
    many = {"recipients": "a@x.example, b@x.example", "signing": "on"}
    answer = sender.posts(_headers={"Accept": "application/problem+json"}, **many)

    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "limit-exceeded"
    assert answer.json["feature"] == "signatures.max_signers"
    assert (answer.json["value"], answer.json["amount"]) == (1, 2)
    assert answer.json["detail"] == "Your plan Advanced allows 1 to sign; these are 2."


@pytest.mark.parametrize(
    ("plan", "signers", "sent"), [("eco", 1, False), ("advanced", 1, True), ("pro", 50, True)]
)
def test_only_so_many_sign_as_the_plan_has(make_sender, plan, signers, sent):
    addresses = ", ".join(f"p{number}@x.example" for number in range(signers))
    answer = make_sender().holds(plan).posts(recipients=addresses, signing="on")

    assert answer.status_code == (303 if sent else 403)


def test_only_a_plan_that_has_it_sends_from_the_own_address(make_sender):
    assert make_sender().holds("pro").sends(own_address="on")
    answer = make_sender().holds("advanced").posts(own_address="on")

    assert "Your plan Advanced does not send from your own address." in answer.text


def test_without_a_license_nothing_is_sent(make_sender, licenses):
    sender = make_sender()
    written = sender.browser.open("/messages/new").text
    assert "You have no license" in written
    assert "Your plan" not in written
    assert "You have no license" in sender.posts().text
    sender.holds("pro").sends()
    licenses.take_away(sender.id)

    assert "You have no license" in sender.posts().text
    assert Message.select().count() == 1


def test_a_suspended_license_sends_nothing_and_one_in_grace_does(make_sender):
    assert "suspended until" in make_sender().holds("pro", status="suspended").posts().text
    assert make_sender().holds("pro", status="grace").sends()


def test_licenses_not_confirmed_for_a_day_send_nothing_but_what_was_sent_can_be_taken_back(ada, licenses):
    message = ada.sends()
    licenses.age_by(24 * 3600 - 60)
    assert ada.sends()
    licenses.age_by(24 * 3600 + 60)

    assert "for too long" in ada.posts().text
    ada.browser.open(f"/messages/{message}")
    ada.browser.send(f"/messages/{message}/deletion")
    assert Message.get_by_id(message).gone == "deleted"


def test_a_sender_of_many_messages_waits_and_loses_no_text(make_sender, monkeypatch):
    monkeypatch.setattr(senders, "MESSAGES", limits.Limit("messages", "2/minute"))
    sender, other = make_sender().holds("eco"), make_sender().holds("eco")
    assert sender.sends()
    assert sender.sends()
    answer = sender.posts(body="Dear Grace")

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 60
    assert "You sent many messages in a short time." in answer.text
    assert "Dear Grace" in answer.text
    assert other.sends()
