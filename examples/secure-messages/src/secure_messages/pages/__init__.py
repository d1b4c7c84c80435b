"""The pages: for senders, who come from the portal, and for recipients, who come with a link."""

from flask import Flask

from secure_messages.pages import entrance, recipients, senders
from secure_messages.pages.frame import blueprint, csrf

__all__ = ["entrance", "install", "recipients", "senders"]


def install(app: Flask) -> None:
    """With the protection of their forms; every other route of the app is for tokens."""
    csrf.init_app(app)
    app.register_blueprint(blueprint)
