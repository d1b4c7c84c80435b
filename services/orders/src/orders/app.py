"""Wiring of the web process."""

from flask import Flask

from kit import web
from kit.settings import Settings
from orders import api, payments
from orders import settings as own


def create_app(settings: Settings) -> Flask:
    app = web.create_app(settings, "Seatwise orders", [api.blueprint])
    app.extensions["providers"] = payments.available(own.sandbox_settle_after()) if own.sandbox_on() else {}
    return app
