"""Wiring of the web process."""

from flask import Flask

from catalog import api
from kit import web
from kit.settings import Settings


def create_app(settings: Settings) -> Flask:
    return web.create_app(settings, "Seatwise catalog", [api.blueprint])
