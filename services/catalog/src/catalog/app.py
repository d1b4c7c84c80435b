"""Wiring of the web process."""

from flask import Flask

from catalog import api
from kit import auth, web
from kit.settings import Settings


def create_app(settings: Settings) -> Flask:
    return web.create_app("catalog", "Seatwise catalog", [api.blueprint], auth.Verifier(settings.trust_dir))
