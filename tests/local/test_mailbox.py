"""The mailbox keeps every mail, shows it without trusting it, and fails on demand."""

import smtplib
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from local import mailbox, ports


@pytest.fixture
def box(tmp_path: Path):
    smtp_port, page_port = ports.free(2)
    made = mailbox.Mailbox(tmp_path, smtp_port=smtp_port, page_port=page_port)
    made.start()
    yield made
    made.stop()


def send(box: mailbox.Mailbox, subject: str = "Votre licence Éco est prête") -> None:
    mail = EmailMessage()
    mail["From"] = "Seatwise <no-reply@seatwise.example>"
    mail["To"] = "Élise Fortin <elise@cedar-erable.example>"
    mail["Subject"] = subject
    mail["Message-ID"] = "<notice-1@seatwise.example>"
    mail.set_content("Activez : http://127.0.0.1:8000/activate/1WPK\n")
    mail.add_alternative("<p>Activez</p><script>alert(1)</script>", subtype="html")
    host, port = box.smtp_url.removeprefix("smtp://").split(":")
    with smtplib.SMTP(host, int(port), timeout=5) as client:
        client.send_message(mail, to_addrs=["elise@cedar-erable.example"])


def page(box: mailbox.Mailbox, path: str) -> httpx.Response:
    return httpx.get(f"http://{ports.HOST}:{box.page_port}{path}")


def test_a_mail_is_listed_with_its_parts_and_headers(box):
    send(box)

    mail = page(box, "/messages").json()[0]
    assert mail["to"] == "elise@cedar-erable.example"
    assert mail["subject"] == "Votre licence Éco est prête"
    assert "1WPK" in mail["text"]
    assert mail["html"].startswith("<p>Activez</p>")
    assert mail["headers"]["Message-ID"] == "<notice-1@seatwise.example>"


def test_mails_are_kept_in_the_order_of_their_arrival_until_they_are_deleted(box):
    for subject in ("first", "second"):
        send(box, subject)
    assert [mail["subject"] for mail in box.messages()] == ["first", "second"]

    assert httpx.delete(f"http://{ports.HOST}:{box.page_port}/messages").status_code == 204
    assert box.messages() == []


def test_the_list_leads_to_each_mail_and_looks_again_by_itself_until_it_is_stopped(box):
    send(box)
    shown = page(box, "/")

    assert "Refresh" in shown.headers
    assert "Refresh" not in page(box, "/?still=1").headers
    assert f'href="/messages/{box.messages()[0]["id"]}"' in shown.text


def test_a_mail_is_shown_in_a_cage_and_its_links_can_be_followed(box):
    send(box)
    name = box.messages()[0]["id"]
    framed, alone = page(box, f"/messages/{name}"), page(box, f"/messages/{name}/html")

    assert "<script>" not in framed.text
    assert 'href="http://127.0.0.1:8000/activate/1WPK"' in framed.text
    assert alone.headers["Content-Security-Policy"].startswith("sandbox ")
    assert "default-src 'none'" in alone.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["1-2", "../passwords", "%2e%2e%2fkeys"])
def test_only_kept_mails_can_be_read(box, name):
    assert page(box, f"/messages/{name}").status_code == 404


@pytest.mark.parametrize(("answer", "code"), [("451 4.3.0 Try later", 451), ("554 5.7.1 No", 554)])
def test_it_refuses_as_often_as_it_is_told(box, answer, code):
    box.fail(answer, times=1)

    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(box)
    assert refused.value.smtp_code == code
    assert box.messages() == []
    send(box)
    assert len(box.messages()) == 1


@pytest.mark.parametrize(("fault", "kept"), [(mailbox.DROP_BEFORE_DATA, 0), (mailbox.DROP_AFTER_DATA, 1)])
def test_a_dropped_connection_loses_the_mail_or_only_the_answer(box, fault, kept):
    box.fail(fault)

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(box)
    assert len(box.messages()) == kept
    box.heal()
    send(box)
    assert len(box.messages()) == kept + 1
