"""Wiring of the web process."""

from flask import Flask

from kit import auth, web
from kit.settings import Settings
from orders import api, payments
from orders import settings as own


def create_app(settings: Settings) -> Flask:
    app = web.create_app("orders", "Seatwise orders", [api.blueprint], auth.Verifier(settings.trust_dir))
    app.extensions["providers"] = payments.available(own.sandbox_settle_after())
    return app
