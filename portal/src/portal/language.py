"""English and French: which one a page speaks, and texts that come in both."""

from typing import Any

from flask import g, request, session
from flask_babel import get_locale

LANGUAGES = ("en", "fr")
NAMES = {"en": "English", "fr": "Français"}
REGIONAL = {"en": "en_CA", "fr": "fr_CA"}  # plain fr prints 45,00 $CA


def chosen() -> str:
    """The language chosen on a page, the person's own, the browser's, English."""
    if g.get("language"):
        return str(g.language)
    if session.get("language") in LANGUAGES:
        return str(session["language"])
    if g.get("me") is not None and g.me.locale[:2] in LANGUAGES:
        return str(g.me.locale[:2])
    return request.accept_languages.best_match(LANGUAGES) or "en"


def select_locale() -> str:
    return REGIONAL[chosen()]


def select_time_zone() -> str | None:
    """The zone of the account that a page is about: of the person signed in, or of the code shown."""
    if g.get("time_zone"):
        return str(g.time_zone)
    return g.me.time_zone if g.get("me") is not None else None


def words(text: Any) -> str:
    """The page's language of a text that comes as {"en": …, "fr": …}."""
    if isinstance(text, dict):
        return str(text.get(str(get_locale())[:2]) or text.get("en", ""))
    return str(text or "")
