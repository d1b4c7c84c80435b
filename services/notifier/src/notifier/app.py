"""Wiring of the web process."""

from flask import Flask

from kit import web
from kit.settings import Settings
from notifier import api


def create_app(settings: Settings) -> Flask:
    return web.create_app(settings, "Seatwise notifier", [api.blueprint, api.operators])
