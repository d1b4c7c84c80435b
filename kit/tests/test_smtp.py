"""SMTP: one form of the URL, TLS before passwords, and refusals that blame the right party."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from kit import metrics, smtp
from kit import smtp_replies as replies
from smtp_server import HOST, PASSWORD, USER, Server, authority, free_port, scripted

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

SENDER, RECIPIENT = "no-reply@seatwise.example", "ada@acme.example"
MESSAGE = b"Subject: hello\r\n\r\n.a line\r\nend\r\n"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """serve(tls="starttls", login=True): a running server whose certificate this process trusts."""
    with ExitStack() as stack:
        ca = stack.enter_context(authority(tmp_path))

        def start(**options: Any) -> Server:
            server = Server(ca, **options)
            stack.callback(server.close)
            return server

        yield start


def transmit(url: str) -> None:
    smtp.deliver(smtp.parse(url), SENDER, RECIPIENT, MESSAGE)


def refused(url: str) -> replies.NotSent:
    with pytest.raises(replies.NotSent) as caught:
        transmit(url)
    return caught.value


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mx.example", ("smtp", "mx.example", 25, "", "")),
        ("smtp://mx.example:2525/", ("smtp", "mx.example", 2525, "", "")),
        ("smtp://me:pass@localhost", ("smtp", "localhost", 25, "me", "pass")),
        ("smtp://me:pass@[::1]:26", ("smtp", "::1", 26, "me", "pass")),
        ("smtp://me:pass@relay.lan?login=cleartext", ("smtp", "relay.lan", 25, "me", "pass")),
        ("smtp+starttls://me%40x:p%40s%3As@mx.example", ("smtp+starttls", "mx.example", 587, "me@x", "p@s:s")),
        ("smtps://me:p%2Fs@mx.example", ("smtps", "mx.example", 465, "me", "p/s")),
    ],
)
def test_a_url_names_scheme_host_port_and_login(url, server):
    parsed = smtp.parse(url)

    assert (parsed.scheme, parsed.host, parsed.port, parsed.user, parsed.password) == server


@pytest.mark.parametrize(
    "url",
    [
        "smtp+tls://me:s3cret@mx.example",
        "https://me:s3cret@mx.example",
        "me:s3cret@mx.example",
        "smtp://me:s3cret@mx.example:587?starttls",
        "smtp+starttls://me:s3cret@mx.example?login=cleartext",
        "smtps://me:s3cret@mx.example?verify=no",
        "smtps://me:s3cret@mx.example/path",
        "smtps://me:s3cret@mx.example#part",
        "smtps://me:s3cret/@mx.example",
        "smtps://me:s3cret[@mx.example",
        "smtps://me:s3cret@mx.example:port",
        "smtps://me:s3cret@mx.example:70000",
        "smtps://me:s3cret@",
        "smtps://:s3cret@mx.example",
        "smtps://s3cret@mx.example",
        "smtps://me:s3cret%0d%0aQUIT@mx.example",
        "smtps://me:s3cret%ff@mx.example",
        "smtps://me:s3créts3cret@mx.example",
        "smtps://me:s3cret@" + "a" * 70,
        "smtps://me:s3cret@mx example",
        "smtp://me:s3cret@mx.example",
        "",
    ],
)
def test_what_is_not_understood_is_refused_in_one_line_that_never_quotes_the_password(url):
    with pytest.raises(ValueError, match=r"^SMTP_URL ") as refusal:
        smtp.parse(url)

    assert "s3cret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_password_crosses_no_network_in_clear_unless_the_setting_says_so():
    with pytest.raises(ValueError, match="in clear"):
        smtp.parse("smtp://me:pass@10.0.0.1")

    assert smtp.parse("smtp://me:pass@127.0.0.9").user == "me"


def test_a_server_is_printed_without_its_password():
    server = smtp.parse("smtps://me:s3cret@mx.example")

    assert "s3cret" not in f"{server} {server!r}"


@pytest.mark.parametrize("tls", ["none", "starttls", "tls"])
@pytest.mark.parametrize("login", [False, True])
def test_a_message_goes_out_by_every_scheme_with_and_without_login(serve, tls, login):
    server = serve(tls=tls, login=login)
    transmit(server.url_with_login if login else server.url)

    [(sender, recipient, content)] = server.messages
    assert (sender, recipient, content) == (SENDER, RECIPIENT, MESSAGE)
    assert server.logins == [(USER.encode(), PASSWORD.encode())] * login


def test_the_client_says_ehlo_again_after_starttls(serve):
    server = serve(tls="starttls")
    transmit(server.url)

    assert server.commands == ["EHLO", "EHLO", "MAIL", "RCPT", "content"]


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_without_tls_at_the_server_nothing_is_sent(serve, scheme):
    server = serve()
    error = refused(server.url_with_login.replace("smtp:", f"{scheme}:"))

    assert isinstance(error, replies.Unavailable)
    assert error.cause == "smtp-tls-failed"
    assert (server.logins, server.messages) == ([], [])


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_of_an_unknown_authority_is_refused_before_the_login(serve, tls, monkeypatch):
    server = serve(tls=tls, login=True)
    monkeypatch.delenv("SSL_CERT_FILE")
    error = refused(server.url_with_login)

    assert (type(error), error.cause) == (replies.Unavailable, "smtp-tls-failed")
    assert server.logins == []


def test_a_wrong_password_is_no_verdict_on_the_message(serve):
    server = serve(tls="starttls", login=True)
    error = refused(server.url_with_login.replace("p%40ss", "wrong"))

    assert (type(error), error.cause) == (replies.Unavailable, "smtp-535-5.7.8")
    assert "wrong" not in str(error)


@pytest.mark.parametrize(
    ("stage", "reply", "kind", "cause"),
    [
        ("EHLO", "554 5.7.1 Go away", replies.Unavailable, "smtp-554-5.7.1"),
        ("MAIL", "503 5.5.1 Say EHLO first", replies.Unavailable, "smtp-503-5.5.1"),
        ("MAIL", "530 5.7.0 Log in", replies.Unavailable, "smtp-530-5.7.0"),
        ("MAIL", "550 5.7.1 Sender refused", replies.Unavailable, "smtp-550-5.7.1"),
        ("MAIL", "550 No", replies.Unavailable, "smtp-550"),
        ("MAIL", "451 4.3.0 Busy", replies.Unavailable, "smtp-451-4.3.0"),
        ("RCPT", "421 4.3.2 Closing", replies.Unavailable, "smtp-421-4.3.2"),
        ("RCPT", "550 5.1.1 No such mailbox", replies.Rejected, "smtp-550-5.1.1"),
        ("RCPT", "550 Unknown", replies.Rejected, "smtp-550"),
        ("RCPT", "553 5.1.3 Bad address", replies.Rejected, "smtp-553-5.1.3"),
        ("RCPT", "554 5.7.1 Relay access denied", replies.SenderRefused, "smtp-554-5.7.1"),
        ("RCPT", "530 Log in", replies.SenderRefused, "smtp-530"),
        ("RCPT", "503 5.5.1 Say EHLO first", replies.SenderRefused, "smtp-503-5.5.1"),
        ("RCPT", "550 5.7.17 Mailbox owner has changed", replies.Rejected, "smtp-550-5.7.17"),
        ("RCPT", "550 5.1.8 Bad sender domain", replies.SenderRefused, "smtp-550-5.1.8"),
        ("RCPT", "451 4.7.1 Greylisted", replies.SenderRefused, "smtp-451-4.7.1"),
        ("RCPT", "450 4.2.1 Busy", replies.Postponed, "smtp-450-4.2.1"),
        ("RCPT", "552 5.2.2 Mailbox full", replies.Postponed, "smtp-552-5.2.2"),
        ("RCPT", "552 Too many recipients", replies.Postponed, "smtp-552"),
        ("content", "452 4.3.1 Disk full", replies.Postponed, "smtp-452-4.3.1"),
        ("content", "552 5.3.4 Too big", replies.Rejected, "smtp-552-5.3.4"),
        ("content", "554 5.7.1 Spam", replies.Rejected, "smtp-554-5.7.1"),
        ("content", "550 5.7.26 Unauthenticated", replies.SenderRefused, "smtp-550-5.7.26"),
        ("content", "421 4.3.2 Closing", replies.Unavailable, "smtp-421-4.3.2"),
    ],
)
def test_a_refusal_blames_the_connection_the_sender_or_the_message(serve, stage, reply, kind, cause):
    server = serve()
    server.replies = {stage: reply}
    if stage == "EHLO":
        server.replies["HELO"] = reply
    error = refused(server.url)

    assert (type(error), error.cause) == (kind, cause)
    assert server.messages == []


def test_a_server_that_refuses_ehlo_is_greeted_with_helo(serve):
    server = serve()
    server.replies = {"EHLO": "502 5.5.1 Not implemented"}
    transmit(server.url)

    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("stage", "kind"),
    [
        ("EHLO", replies.Unavailable),
        ("MAIL", replies.Postponed),
        ("RCPT", replies.Postponed),
        ("content", replies.ReplyLost),
    ],
)
def test_a_dropped_connection_is_in_doubt_only_after_the_message_went_out(serve, stage, kind):
    server = serve()
    server.replies = {stage: "drop"}

    assert type(refused(server.url)) is kind


def test_a_forwarding_server_has_taken_the_message(serve):
    server = serve()
    server.replies = {"RCPT": "251 2.1.5 Forwarded"}
    transmit(server.url)

    assert len(server.messages) == 1


@pytest.mark.parametrize("greeting", [b"220 " + b"slow " * 40, b"220-more\r\n" * 20 + b"220 hello"])
def test_a_server_that_drips_its_greeting_cannot_outlast_the_deadline(greeting):
    with scripted(greeting + b"\r\n", b"250 hello\r\n", pause=0.01) as url:
        server = smtp.parse(url)
        with pytest.raises(replies.Unavailable):
            smtp.connect(server, patience=0.3)


def test_a_message_that_was_taken_is_sent_however_the_server_says_goodbye():
    replies_to_all = (b"220 hello\r\n", *[b"250 ok\r\n"] * 3, b"354 go\r\n", b"250 ok\r\n", b"500 what?\r\n")
    with scripted(*replies_to_all) as url:
        transmit(url)


def test_an_answer_that_is_none_leaves_a_message_in_doubt_only_after_it_went_out():
    begin = (b"220 hello\r\n", b"250 hello\r\n")
    with scripted(*begin, b"what?\r\n") as url:
        assert type(refused(url)) is replies.Unavailable
    with scripted(*begin, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"what?\r\n") as url:
        assert type(refused(url)) is replies.ReplyLost


def test_check_names_the_step_that_failed_and_the_sender_that_is_refused(serve):
    server = serve(tls="starttls", login=True)
    smtp.check(server.url_with_login, f"Seatwise <{SENDER}>")
    assert server.messages == []

    with pytest.raises(ValueError, match=r"AUTH: 535 5\.7\.8"):
        smtp.check(server.url_with_login.replace("p%40ss", "wrong"), SENDER)
    server.replies = {"MAIL": "550 5.7.1 Not your domain"}
    with pytest.raises(ValueError, match=r"550 5\.7\.1 Not your domain"):
        smtp.check(server.url_with_login, SENDER)
    with pytest.raises(ValueError, match="CONNECT"):
        smtp.check(f"smtp://{HOST}:{free_port()}", SENDER)
    with pytest.raises(ValueError, match="MAIL_FROM"):
        smtp.check(server.url, "Seatwise")


def test_what_is_not_about_the_message_shows_in_the_metrics_until_a_message_is_taken(serve):
    server = serve()
    server.replies = {"RCPT": "554 5.7.1 Relay access denied"}
    before = metrics.SMTP_FAILURES.labels("sender")._value.get()
    refused(server.url)
    assert metrics.SMTP_FAILURES.labels("sender")._value.get() == before + 1
    assert metrics.SMTP_UNAVAILABLE._value.get() == 1

    server.replies = {"RCPT": "550 5.1.1 No such mailbox"}
    refused(server.url)
    assert metrics.SMTP_UNAVAILABLE._value.get() == 1
    server.replies = {}
    transmit(server.url)
    assert metrics.SMTP_UNAVAILABLE._value.get() == 0


@pytest.mark.parametrize(
    ("address", "ascii_form"),
    [("ada@acme.example", "ada@acme.example"), ("ada@bücher.example", "ada@xn--bcher-kva.example")],
)
def test_an_address_is_sent_with_its_host_in_ascii(address, ascii_form):
    assert smtp.ascii_address(address) == ascii_form


@pytest.mark.parametrize(
    "address", ["zoé@acme.example", "ada", "@acme.example", "a,b@x", "a b@x", "a@b>\r\nDATA", "a@", "<a@b>", ""]
)
def test_an_address_that_servers_do_not_take_is_refused_before_any_server_is_asked(address):
    with pytest.raises(ValueError):
        smtp.ascii_address(address)


@pytest.mark.parametrize(
    "name", ["https://evil.example/x", "www.evil.example", "evil.example", "a@evil.example"]
)
def test_a_name_that_is_unlinked_holds_no_address(name):
    said = smtp.unlinked(name)

    assert not re.search(r"[.@][^\s\N{WORD JOINER}]|:/", said)
    assert said.replace("\N{WORD JOINER}", "") == name


def test_an_ordinary_name_stays_as_it_is():
    for name in ("Ada Lovelace", "Acme Inc.", "St. John & Co", "Élodie", "R/D"):
        assert smtp.unlinked(name) == name


@pytest.mark.parametrize(
    ("pasted", "addresses"),
    [
        ("\ufeffada@a.example", ["ada@a.example"]),
        ("Ada <ada@a.example>", ["ada@a.example"]),
        ("Ada Lovelace<ada@a.example>;", ["ada@a.example"]),
        ('"Lovelace, Ada" <ada@a.example>, bob@a.example', ["ada@a.example", "bob@a.example"]),
        ("mailto:ada@a.example?subject=x; MAILTO:bob@a.example", ["ada@a.example", "bob@a.example"]),
        ("bob@a.example Ada <ada@a.example>", ["bob@a.example", "ada@a.example"]),
        ("ada@a.example;\r\nbob@a.example;\r\n", ["ada@a.example", "bob@a.example"]),
        ("\xa0ada@a.example\u200b bob@a.example", ["ada@a.example", "bob@a.example"]),
        ("<ada@a.example> <bob@a.example>", ["ada@a.example", "bob@a.example"]),
        ("nobody, ada@a.example", ["nobody", "ada@a.example"]),
        ("<>;, ,", []),
        ("", []),
    ],
)
def test_a_pasted_list_is_its_addresses(pasted, addresses):
    assert smtp.pasted_addresses(pasted) == addresses


def test_one_pasted_address_is_found_and_several_stay_what_was_typed():
    assert smtp.pasted_address("Lovelace, Ada <ada@a.example>;") == "ada@a.example"
    assert smtp.pasted_address(" ada lovelace@a.example") == "ada lovelace@a.example"
    assert smtp.pasted_address(" ada@a.example bob@a.example ") == "ada@a.example bob@a.example"
    assert smtp.pasted_address("") == ""
