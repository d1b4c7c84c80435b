"""Wiring of the web process: pages, languages, CSRF, the content security policy, health."""

import gzip
import re
import secrets
import time
from typing import Any

import flask
import structlog
from flask import Flask, Response, g, render_template, request
from flask_babel import Babel, get_locale, gettext
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from kit import auth, metrics
from portal import assets, browsers, forms, language, pages, problems, session, signin, words
from portal.clients import Problem, Services
from portal.settings import Settings

log = structlog.get_logger()

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
LARGEST_BODY = 100_000  # bytes; forms are small
PLAIN = re.compile(r"[A-Za-z0-9._~/-]+")  # what ids, codes, tokens and names of files are made of


def create_app(settings: Settings) -> Flask:
    app = Flask("portal", static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        SESSION_COOKIE_NAME="__Host-seatwise" if settings.https else "seatwise",
        SESSION_COOKIE_PATH="/",  # __Host- asks for it
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        PERMANENT_SESSION_LIFETIME=session.LIFETIME,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        POLICY=POLICY,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE="en_CA",
        WITHOUT_SESSION={"assets.static", "operations.livez", "operations.readyz"},
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, count, count, count)  # type: ignore[method-assign]
    signer = auth.Signer(settings.unit.signing_key_file)
    app.extensions["settings"] = settings
    app.extensions["services"] = Services(settings.unit.source_urls, signer)
    app.extensions["links"] = signin.Links(signer, auth.Verifier(settings.unit.trust_dir, settings.unit.name))
    Babel(app, locale_selector=language.select_locale, timezone_selector=language.select_time_zone)
    session.guard(app)
    CSRFProtect(app)
    for blueprint in (*pages.BLUEPRINTS, assets.blueprint, _operations()):
        app.register_blueprint(blueprint)
    words.install(app)
    _templates(app, settings)
    _around_requests(app, settings)
    _error_pages(app)
    return app


def _templates(app: Flask, settings: Settings) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=assets.path,
        held=forms.held,
        new_key=forms.new_key,
        problem_text=problems.text,
        service_name=problems.service_name,
    )

    @app.context_processor
    def shell() -> dict[str, Any]:
        here = request.full_path if request.method == "GET" else "/"
        return {
            "me": g.get("me"),
            "lang": str(get_locale())[:2],
            "languages": language.NAMES,
            "here": forms.local_path(here),
            "take_toast": forms.take_toast,
            "sandbox": settings.sandbox,
            "has_secure_messages": bool(settings.secure_messages_url),
            "padding": secrets.token_hex(secrets.randbelow(24)),
        }


def _around_requests(app: Flask, settings: Settings) -> None:
    @app.url_value_preprocessor
    def only_plain_names(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        """What stands in a path of ours becomes part of a path of a service: no query, no control character."""
        if any(not PLAIN.fullmatch(value) for value in (values or {}).values()):
            flask.abort(404)

    @app.before_request
    def begin() -> Any:
        g.began = time.perf_counter()
        if request.method == "POST" and "enter" in request.form:
            return forms.to(request.path)  # Enter in a form that only its buttons should send
        return None

    @app.after_request
    def finish(answer: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else None
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        metrics.count_request(request.method, route, answer.status_code, seconds)
        browsers.keep(answer)
        headers = answer.headers
        headers.setdefault("Content-Security-Policy", POLICY)
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Content-Type-Options"] = "nosniff"
        if settings.https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        headers.setdefault("Referrer-Policy", "same-origin")
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        return _compressed(answer)


def _compressed(answer: Response) -> Response:
    """Pages go out compressed; each carries padding of random length, so that lengths tell nothing (BREACH)."""
    if answer.mimetype != "text/html" or answer.is_streamed or "Content-Encoding" in answer.headers:
        return answer
    answer.vary.add("Accept-Encoding")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        answer.set_data(gzip.compress(answer.get_data(), 5))
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _error_pages(app: Flask) -> None:
    def page(status: int, title: str, text: str) -> tuple[str, int]:
        return render_template("error.html", title=title, text=text, status=status), status

    @app.errorhandler(CSRFError)
    def form_too_old(_error: CSRFError) -> tuple[str, int]:
        return page(
            400,
            gettext("This page was open for too long"),
            gettext("Nothing was changed. Go back, reload the page and send the form again."),
        )

    @app.errorhandler(Problem)
    def refused(problem: Problem) -> tuple[str, int] | tuple[str, int, dict[str, str]]:
        if problem.unreachable:
            return page(503, gettext("Please try again in a moment"), problems.text(problem))
        if problem.status == 404:
            return page(404, *_described(404))
        if problem.status == 429:
            title, later = gettext("One moment, please"), {"Retry-After": str(problem.facts["retry_after"])}
            return *page(429, title, problems.text(problem)), later
        log.warning("refused", service=problem.service, code=problem.code, detail=problem.detail)
        return page(problem.status, gettext("This could not be done"), problems.text(problem))

    @app.errorhandler(HTTPException)
    def answered(error: HTTPException) -> Any:
        status = error.code or 500
        if status < 400:
            return error
        return page(status, *_described(status))

    @app.errorhandler(Exception)
    def broken(error: Exception) -> tuple[str, int]:
        log.exception("page_failed", route=str(request.url_rule), exc_info=error)  # a path may hold a secret
        return page(500, *_described(500))


def _described(status: int) -> tuple[str, str]:
    """Title and text of the page that says that something went wrong."""
    match status:
        case 404:
            title = gettext("There is nothing here")
            text = gettext("The address is wrong, or what it showed no longer exists.")
        case 403:
            title = gettext("This page is not for your role")
            text = gettext("An administrator of your organization can do this, or give you the role that may.")
        case 503:
            title = gettext("Please try again in a moment")
            text = gettext("We cannot check at the moment what you may do here. You stay signed in.")
        case _ if status < 500:
            title = gettext("This request was not understood")
            text = gettext("Nothing was changed. Go back and try again.")
        case _:
            title = gettext("Something went wrong on our side")
            text = gettext("It was noted. Nothing you did before is lost; try again in a moment.")
    return title, text


def _operations() -> flask.Blueprint:
    """Liveness, readiness (the pages render; never another service)."""
    operations = flask.Blueprint("operations", __name__)

    @operations.get("/livez")
    @session.public
    def livez() -> dict[str, str]:
        return {"status": "alive"}

    @operations.get("/readyz")
    @session.public
    def readyz() -> dict[str, str]:
        assets.path("portal.css")
        return {"status": "ready"}

    return operations
