"""Sealing and sending: what reaches the recipient, and what stays nowhere."""

import hashlib

from secure_messages.models import Attachment, Message, Recipient

SECRETS = (b"Plans for the compiler", b"It translates", b"drawing.txt", b"a very long secret")


def test_the_recipient_reads_what_was_written_and_saves_what_was_attached(ada, grace):
    ada.sends(("drawing.txt", b"a very long secret" * 100_000), ("empty.txt", b""))
    browser, link = grace()
    page = browser.open(f"{link}/message").text

    assert "<h1>Plans for the compiler</h1>" in page
    assert "It translates.\nItself." in page
    assert "From Ada Lovelace (ada@engines.example)" in page
    files = {name: path for path, name in _files(page)}
    saved = browser.client.get(files["drawing.txt"])
    assert saved.data == b"a very long secret" * 100_000
    assert saved.headers["Content-Disposition"] == "attachment; filename=drawing.txt"
    assert browser.client.get(files["empty.txt"]).data == b""


def _files(page):
    import re

    return re.findall(r'href="(/m/[^"]+/files/[^"]+)" download>([^<]+)<', page)


def test_neither_database_nor_disk_has_anything_of_it_in_the_clear(ada, folder, database):
    ada.sends(("drawing.txt", b"a very long secret" * 200_000))
    kept = [bytes(Message.get().sealed), Recipient.get().key, Recipient.get().link]
    kept += [path.read_bytes() for path in folder.path.iterdir()]

    assert len(kept) == 4
    for secret in SECRETS:
        assert [secret in one for one in kept] == [False] * 4


def test_the_link_is_forgotten_once_its_mail_is_sent_and_database_and_secret_open_nothing(ada, deliver, vault):
    ada.sends()
    link = deliver()[-1].rpartition("/")[2]
    recipient = Recipient.get()

    assert recipient.link is None
    assert recipient.link_hash == hashlib.sha256(link.encode()).hexdigest()
    assert len(vault.unwrap(recipient.key, link)) == 32


def test_a_form_that_is_sent_twice_is_one_message(ada, folder, told):
    form = {"key": "019ab000-0000-7000-8000-00000000f0a1"}
    first = ada.posts(("a", b"1"), **form)
    second = ada.posts(("a", b"1"), **form)

    assert first.headers["Location"] == second.headers["Location"]
    assert (Message.select().count(), Attachment.select().count(), len(told("message.sent"))) == (1, 1, 1)
    assert len(list(folder.path.iterdir())) == 1


def test_somebody_else_s_form_takes_nothing_over(ada, make_sender):
    message = ada.sends()
    other = make_sender().holds("pro")

    assert other.posts(key=message).status_code == 409
    assert other.browser.open(f"/messages/{message}").status_code == 404


def test_what_is_missing_or_wrong_is_said_in_words(ada):
    for field, value, said in (
        ("recipients", "grace", "Enter e-mail addresses like ada@example.org. grace"),
        ("recipients", "a@x.example\r\nBcc: b@x.example", "Enter e-mail addresses"),
        ("recipients", ",".join(f"p{n}@x.example" for n in range(51)), "At most 50 recipients."),
        ("body", " ", "Write a message."),
        ("body", "x" * 100_001, "at most 100000 characters"),
        ("days", "91", "Choose 1 to 90 days."),
        ("days", "0", "Choose 1 to 90 days."),
        ("days", "soon", "Choose 1 to 90 days."),
        ("days", "900000000000", "Choose 1 to 90 days."),
        ("days", "0900", "Choose 1 to 90 days."),
        ("days", "0900000000", "Choose 1 to 90 days."),
        ("days", "1" * 5000, "Choose 1 to 90 days."),
        ("days", "٣", "Choose 1 to 90 days."),
        ("key", "5", "open for too long"),
    ):
        answer = ada.posts(**{field: value})
        assert (answer.status_code, said in answer.text) == (422, True), (field, value)


def test_every_recipient_has_a_link_of_their_own(ada, deliver):
    ada.sends(recipients="grace@navy.example; sophie@paris.example grace@navy.example")

    assert len(set(deliver())) == 2


def test_the_sender_sees_who_opened_and_signed(ada, grace):
    message = ada.sends(signing="on")
    browser, link = grace()
    browser.open(f"{link}/message")
    browser.send(f"{link}/signature", name="Grace Hopper")

    page = ada.browser.open(f"/messages/{message}").text
    assert "grace@navy.example" in page
    assert "Grace Hopper" in page
    assert "not yet" not in page
    assert "grace@navy.example" in ada.browser.open("/").text
