"""Wiring of the web process: the service that every service is, and pages for people on top of it."""

from flask import Flask

import seatwise
from kit import auth, production, web
from kit.settings import Settings
from secure_messages import domain, licensing, pages
from secure_messages.files import Folder
from secure_messages.pages import uploads
from secure_messages.sealing import Vault, derived
from secure_messages.settings import Own, own

SESSION = 12 * 3600  # seconds


def start(settings: Settings) -> Flask:
    """The app with a client of its own, in the process that serves."""
    ours = own()
    ours.data.mkdir(parents=True, exist_ok=True)
    licenses = licensing.following(
        ours.entitlements_url,
        settings.signing_key_file,
        ours.data / "licenses.db",
        settings.broker_url,
        ours.licenses_good_for,
    )
    return create_app(settings, ours, licenses)


def create_app(settings: Settings, ours: Own, licenses: seatwise.Client) -> Flask:
    app = web.create_app(settings, "Secure messages", [])
    https = production.in_production(ours.url)
    keys = [*ours.cookie_keys, derived(ours.secret.encode(), "session")]
    app.request_class = uploads.Request
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=keys[1:],
        SESSION_COOKIE_NAME="__Host-secure-messages" if https else "secure-messages",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=https,
        PERMANENT_SESSION_LIFETIME=SESSION,
        MAX_FORM_PARTS=domain.MOST_PARTS,  # each may be a text, which stays in memory
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,  # the pages check; what carries a token is no form
    )
    app.extensions.update(
        portal_url=ours.portal_url,
        https=https,
        licenses=licenses,
        vault=Vault(ours.secret),
        folder=Folder(ours.data / "attachments"),
        verifier=auth.Verifier(settings.trust_dir, settings.name),
    )
    pages.install(app)
    return app
