"""Links: what opens them, what does not, and what is told of it."""

import pytest
from werkzeug.http import parse_options_header

from secure_messages.files import PIECE, TAG
from secure_messages.models import Recipient


def test_a_program_that_opens_links_opens_no_message(ada, deliver, browser, told):
    ada.sends(("a", b"1"))
    link = deliver()[-1]
    page = browser.open(link).text

    assert "Ada Lovelace (ada@engines.example) sent you this message." in page
    assert "It translates" not in page
    for path in (f"{link}/message", f"{link}/files/{Recipient.get().id}"):
        assert browser.client.get(path).headers["Location"] == link
    assert told("message.opened", "attachment.downloaded") == []


def test_a_link_that_nobody_was_sent_leads_nowhere(browser):
    answer = browser.open("/m/" + "x" * 43)

    assert answer.status_code == 404
    assert "The address is wrong" in answer.text


def test_every_opening_and_saving_is_told_with_the_address_it_came_from(ada, grace, told):
    ada.sends(("a.txt", b"123"))
    browser, link = grace()
    page = browser.open(f"{link}/message").text
    path = page.partition(f'href="{link}/files/')[2].partition('"')[0]
    browser.client.get(f"{link}/files/{path}", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    browser.open(link)
    browser.send(link)

    opened, downloaded, again = told("message.opened", "attachment.downloaded")
    assert (opened.type, downloaded.type, again.type) == (
        "message.opened",
        "attachment.downloaded",
        "message.opened",
    )
    assert (opened.address, downloaded.address) == ("127.0.0.1", "203.0.113.9")
    assert opened.subject == ada.account
    assert opened.actor == f"recipient:{Recipient.get().id}"
    assert downloaded.data["bytes"] == 3


def test_a_file_of_another_message_is_not_there(ada, grace):
    ada.sends(("a", b"1"))
    first, link = grace()
    other = first.open(f"{link}/message").text.partition("/files/")[2].partition('"')[0]
    ada.sends(("b", b"2"))
    browser, link = grace()

    assert browser.open(f"{link}/files/{other}").status_code == 404


def test_a_signature_stands_once_under_exactly_this_content(ada, grace, told):
    ada.sends(signing="on")
    browser, link = grace()
    browser.open(f"{link}/message")
    browser.send(f"{link}/signature", name=" Grace   Hopper ")
    assert "Signed as Grace Hopper" in browser.page
    ada.browser.open("/messages/new")
    browser.client.post(f"{link}/signature", data={"name": "Another", "csrf_token": _csrf(browser, link)})

    [signed] = told("message.signed")
    assert signed.data["name"] == "Grace Hopper" == Recipient.get().signed_name
    assert len(signed.data["digest"]) == 64


def _csrf(browser, link):
    browser.open(link)
    return browser.hidden("csrf_token")


def test_nobody_signs_what_nobody_asked_to_sign(ada, grace):
    ada.sends()
    browser, link = grace()
    answer = browser.client.post(f"{link}/signature", data={"name": "G", "csrf_token": _csrf(browser, link)})

    assert answer.status_code == 409
    assert "Nobody asked for a signature" in answer.text


@pytest.mark.parametrize("path", ["", "/signature"])
def test_a_form_of_another_page_does_nothing(ada, grace, path, told):
    ada.sends(signing="on")
    browser, link = grace()
    before = len(told())
    answer = browser.client.post(f"{link}{path}", data={"name": "Grace"})

    assert answer.status_code == 400
    assert "open for too long" in answer.text
    assert len(told()) == before


def test_a_changed_file_is_not_handed_out_as_if_it_were_whole(ada, grace, folder):
    ada.sends(("a", b"x" * 3_000_000))
    browser, link = grace()
    [path] = folder.path.iterdir()
    path.write_bytes(path.read_bytes()[: 2 * (PIECE + TAG)])
    name = browser.open(f"{link}/message").text.partition("/files/")[2].partition('"')[0]

    with pytest.raises(Exception, match=path.name):
        browser.client.get(f"{link}/files/{name}").get_data()


def _link_to_file(browser, link):
    return f"{link}/files/" + browser.open(f"{link}/message").text.partition("/files/")[2].partition('"')[0]


@pytest.mark.parametrize("name", ["plan.txt", "a b;c=d.txt", "résumé.pdf", "Отчёт.pdf", "契約書.pdf", "🙂.png"])
def test_an_attachment_keeps_its_name_in_every_script_in_a_header_that_is_ascii(ada, grace, name):
    ada.sends((name, b"1"))
    browser, link = grace()
    header = browser.client.get(_link_to_file(browser, link)).headers["Content-Disposition"]

    assert header.isascii()
    assert parse_options_header(header) == ("attachment", {"filename": name})


def test_what_knows_only_ascii_saves_an_attachment_under_a_name_that_is_like_it(ada, grace):
    ada.sends(("Отчёт 2.pdf", b"1"))
    browser, link = grace()
    header = browser.client.get(_link_to_file(browser, link)).headers["Content-Disposition"]

    assert 'filename="_____ 2.pdf"' in header


def test_asking_how_large_an_attachment_is_saves_nothing(ada, grace, told):
    ada.sends(("a", b"123"))
    browser, link = grace()
    answer = browser.client.head(_link_to_file(browser, link))

    assert (answer.status_code, answer.content_length) == (200, 3)
    assert told("attachment.downloaded") == []


def test_a_file_that_cannot_be_read_is_not_told_as_saved_and_writes_its_link_into_no_log(
    ada, grace, folder, told, capfd
):
    ada.sends(("a", b"1"))
    browser, link = grace()
    path = _link_to_file(browser, link)
    [file] = folder.path.iterdir()
    file.write_bytes(b"something else")

    assert browser.client.get(path).status_code == 500
    assert told("attachment.downloaded") == []
    assert link not in capfd.readouterr().err
