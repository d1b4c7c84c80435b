"""Wiring of the web process."""

from flask import Flask

from entitlements import api
from entitlements.api.activations import SIGNER
from entitlements.api.shortcut import CheckShortcut
from kit import auth, web
from kit.settings import Settings


def create_app(settings: Settings) -> Flask:
    app = web.create_app(settings, "Seatwise entitlements", api.BLUEPRINTS)
    app.wsgi_app = CheckShortcut(app, auth.Verifier(settings.trust_dir))  # type: ignore[method-assign]
    app.extensions[SIGNER] = auth.Signer(settings.signing_key_file)
    return app
