"""Wiring of the web process."""

from flask import Flask

from kit import auth, web
from kit.settings import Settings
from notifier import api


def create_app(settings: Settings) -> Flask:
    return web.create_app("notifier", "Seatwise notifier", [api.blueprint], auth.Verifier(settings.trust_dir))
