"""Production refuses settings that are there to try things out; loopback goes on as it is."""

import pytest

from kit import production, settings, smtp
from local.mailbox import Mailbox
from smtp_server import free_port

HTTPS, LOOPBACK = "https://seatwise.example", "http://127.0.0.1:8000"


@pytest.mark.parametrize("address", [HTTPS, LOOPBACK, "http://localhost:8000", "http://[::1]:8000"])
def test_an_address_is_https_or_on_loopback(address):
    production.require_address("PORTAL_URL", address)


@pytest.mark.parametrize("address", ["http://seatwise.example", "http://10.0.0.1", "ftp://x", "seatwise", ""])
def test_any_other_address_is_refused_by_its_name(address):
    with pytest.raises(ValueError, match="PORTAL_URL"):
        production.require_address("PORTAL_URL", address)


@pytest.mark.parametrize("url", ["smtp://mailbox", "smtp://127.0.0.1:1025", "smtp://mailpit.lan:1025"])
def test_the_mailbox_is_refused_under_https_and_allowed_on_loopback(url):
    production.require_smtp(url, LOOPBACK)
    with pytest.raises(ValueError, match="mailbox"):
        production.require_smtp(url, HTTPS)


def test_a_relay_on_loopback_is_no_mailbox():
    production.require_smtp("smtp://127.0.0.1:25", HTTPS)


def test_check_knows_the_mailbox_by_its_banner_wherever_it_listens(tmp_path):
    box = Mailbox(tmp_path, smtp_port=free_port(), page_port=free_port())
    box.start()
    try:
        smtp.check(box.smtp_url, "no-reply@seatwise.example")
        with pytest.raises(ValueError, match="leads to the mailbox"):
            smtp.check(box.smtp_url, "no-reply@seatwise.example", mailbox_allowed=False)
    finally:
        box.stop()


def test_the_sandbox_is_refused_under_https_unless_it_is_written_out():
    for value in ("false", production.SANDBOX_ALLOWED):
        production.require_no_sandbox(value, HTTPS)
    production.require_no_sandbox("true", LOOPBACK)

    with pytest.raises(ValueError, match="SANDBOX=allowed-in-production"):
        production.require_no_sandbox("true", HTTPS)
    with pytest.raises(ValueError, match="SANDBOX is true"):
        production.require_no_sandbox("maybe", LOOPBACK)


def test_the_first_of_several_keys_signs(tmp_path):
    file = tmp_path / "keys"
    made = settings.secret(file)
    file.write_text(f"new-key\n{made}\n")

    assert settings.secret_keys(file) == ["new-key", made]
    assert settings.secret(file) == "new-key"
