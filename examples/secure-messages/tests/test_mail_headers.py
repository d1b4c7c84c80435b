"""Addresses and names stand in a mail as they were typed, or there is no mail."""

import pytest

from secure_messages.models import Message, Recipient

ENCODED = "=?utf-8?q?x.example=0d=0aSubject=3aYour_bank=0d=0a=0d=0ahttps=3a//evil.example?="
PROBLEM = {"Accept": "application/problem+json"}


@pytest.mark.parametrize(
    "address",
    [
        f"a@{ENCODED}.c",
        f"{ENCODED}@navy.example",
        "=?utf-8?q?grace?=@navy.example",
        "grace@[192.0.2.1]",
        '"grace"@navy.example',
        "grace@navy",
        "grace@navy..example",
        "grace@-navy.example",
        "grace@navy.example.",
        "grace..hopper@navy.example",
        ".grace@navy.example",
        "grace@hopper@navy.example",
        "@navy.example",
        "grâce@navy.example",
        "grace@navy.e\u212aample",
        "grace@navy.123",
        f"{'g' * 65}@navy.example",
        f"grace@{'navy.' * 50}example",
    ],
)
def test_what_is_no_plain_address_is_refused(ada, address):
    answer = ada.posts(_headers=PROBLEM, recipients=address)

    assert (answer.status_code, answer.json["code"]) == (422, "recipients-invalid")
    assert Message.select().count() == 0


@pytest.mark.parametrize(
    "address",
    [
        "grace@navy.example",
        "Grace.Hopper+cobol=60@Computing.Navy.example",
        "o'hara_{x}%1@xn--caf-dma.example",
        f"{'g' * 64}@{'n' * 63}.example",
    ],
)
def test_a_plain_address_stands_in_the_mail_as_it_was_typed(ada, deliver, postbox, address):
    ada.sends(recipients=address)
    deliver()

    assert postbox.mails[0]["To"] == address


def test_a_name_stands_in_the_mail_as_the_portal_said_it(make_sender, deliver, postbox):
    make_sender(name='Lovelace, "Ada" Élodie').holds("pro").sends(own_address="on")
    deliver()

    [sender] = postbox.mails[0]["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ('Lovelace, "Ada" Élodie', "ada@engines.example")


@pytest.mark.parametrize("own_address", [{}, {"own_address": "on"}])
@pytest.mark.parametrize("said", [{"name": ENCODED}, {"email": f"{ENCODED}@x.example"}])
def test_nothing_that_the_portal_says_is_decoded_into_a_mail(make_sender, deliver, postbox, said, own_address):
    make_sender(**said).holds("pro").sends(**own_address)
    deliver()

    assert (postbox.mails, Recipient.get().state) == ([], "failed")


def test_nothing_that_was_queued_is_decoded_into_a_mail(ada, deliver, postbox):
    ada.sends()
    Recipient.update(email=f"a@{ENCODED}.c").execute()
    deliver()

    assert (postbox.mails, Recipient.get().state) == ([], "failed")


def test_a_name_is_no_link_in_the_mail(make_sender, deliver, postbox):
    make_sender(name="https://evil.example/x").holds("pro").sends()
    deliver()

    [mail] = postbox.mails
    for said in (mail["Subject"], mail.get_content()):
        assert "evil.\N{WORD JOINER}example" in said
        assert "evil.example" not in said
