"""Under https cookies are for this host alone and TLS is remembered; demo settings do not start."""

import pytest

from portal import settings
from portal.app import create_app

HTTPS = "https://seatwise.example"
CHANGES = {"demo_account": "", "smtp_url": "smtps://mx.example"}


@pytest.fixture
def real(app, monkeypatch):
    monkeypatch.setenv("SANDBOX", "false")
    return app.extensions["settings"]._replace(portal_url=HTTPS, **CHANGES)


def test_settings_for_production_are_accepted(real):
    settings.require(real)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"demo_account": "an-account"}, "DEMO_ACCOUNT"),
        ({"smtp_url": "smtp://mailbox:1025"}, "SMTP_URL"),
        ({"portal_url": "http://seatwise.example"}, "PORTAL_URL"),
    ],
)
def test_demo_settings_are_refused_with_the_reason(real, changes, named):
    with pytest.raises(ValueError, match=named):
        settings.require(real._replace(**changes))


def test_the_sandbox_is_refused_unless_it_is_written_out(real, monkeypatch):
    monkeypatch.setenv("SANDBOX", "true")
    with pytest.raises(ValueError, match="SANDBOX"):
        settings.require(real)
    monkeypatch.setenv("SANDBOX", "allowed-in-production")
    settings.require(real)


def test_cookies_are_bound_to_the_host_and_https_is_remembered(real, app):
    answer = create_app(real).test_client().get("/sign-in", base_url=HTTPS)
    [cookie] = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-seatwise=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"

    plain = app.test_client().get("/sign-in")
    assert plain.headers["Set-Cookie"].startswith("seatwise=")
    assert "Strict-Transport-Security" not in plain.headers


def test_a_new_cookie_key_signs_nobody_out(app, signed_in):
    browser = signed_in("Ada Lovelace")
    old = app.extensions["settings"]
    rotated = create_app(old._replace(secret_key="new", secret_key_fallbacks=(old.secret_key,)))
    gone = create_app(old._replace(secret_key="new"))
    cookie = browser.client.get_cookie("seatwise").value

    def opens(portal) -> int:
        client = portal.test_client()
        client.set_cookie("seatwise", cookie)
        return client.get("/people").status_code

    assert (opens(rotated), opens(gone)) == (200, 303)
