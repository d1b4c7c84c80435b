"""The Flask application that every service serves: problem+json, permissions, health."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import flask
import flask_smorest
import peewee
import structlog
from flask import Flask, Response, g, request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException

from kit import addresses, auth, clock, context, db, limits, metrics, schema
from kit.errors import Refusal, Unauthorized, not_found, refuse
from kit.settings import Settings

log = structlog.get_logger()

LARGEST_BODY = 1_000_000  # bytes
AUDITED = {403, 429}  # refusals that stand in the log: permissions, and limits that were reached


class Parser(FlaskParser):
    """Bodies must say that they are JSON and be JSON; query strings refuse unknown names."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": "raise"}  # noqa: RUF012

    def _raw_load_json(self, req: flask.Request) -> Any:
        if req.mimetype != "application/json":
            refuse("not-json", "Send the body as Content-Type: application/json.", status=415)
        try:
            return json.loads(req.get_data(cache=True), parse_constant=_no_such_number)
        except (ValueError, RecursionError) as error:
            refuse("broken-json", f"The body is not JSON: {error}"[:200], status=400)


def _no_such_number(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


class Blueprint(flask_smorest.Blueprint):
    """A group of routes; `arguments` and `response` are flask-smorest's."""

    ARGUMENTS_PARSER = Parser()


class Api(flask_smorest.Api):
    ERROR_SCHEMA = schema.Problem

    def handle_http_exception(self, error: HTTPException) -> Response:
        messages = (getattr(error, "data", None) or {}).get("messages")
        status = error.code or 500
        if messages:
            return problem(status, "invalid-fields", "Some fields break a rule.", errors=_by_field(messages))
        code = HTTPStatus(status).phrase.lower().replace(" ", "-")
        allowed = {name: value for name, value in error.get_headers() if name == "Allow"}
        return problem(status, code, str(error.description), allowed)


def problem(status: int, code: str, detail: str, headers: Any = None, **facts: Any) -> Response:
    """RFC 9457 problem details; `code` is the stable name of the rule that refused."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    said = json.dumps({**facts, **body, "detail": detail})
    return Response(said, status, headers, content_type="application/problem+json")


def _by_field(messages: Mapping[str, Any]) -> list[dict[str, str]]:
    """webargs's nested messages as [{field: "items.0.count", rule: "…"}]."""

    def walk(found: Any, path: tuple[str, ...]) -> Iterable[dict[str, str]]:
        if isinstance(found, Mapping):
            for name, inner in found.items():
                yield from walk(inner, path if name == "_schema" else (*path, str(name)))
        else:
            for rule in found if isinstance(found, list) else [found]:
                yield {"field": ".".join(path) or "body", "rule": str(rule)}

    return [error for location in messages.values() for error in walk(location, ())]


def create_app(settings: Settings, title: str, blueprints: Iterable[Blueprint]) -> Flask:
    """A service with its routes and those that every service has."""
    from kit import eventlog, openapi, streams

    app = Flask(settings.name, static_folder=None)
    app.config.update(API_TITLE=title, API_VERSION="1.0.0", OPENAPI_VERSION="3.1.0")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.strict_slashes = False
    app.extensions[limits.SETTINGS] = settings.limits
    api = Api(app)
    api.ma_plugin.converter.add_attribute_function(openapi.names_of_a_map)
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    for blueprint in (*blueprints, eventlog.blueprint, streams.blueprint):
        api.register_blueprint(blueprint)
    app.register_blueprint(_operations(settings.name, lambda: openapi.describe(app, api.spec.to_dict())))
    _around_requests(app, auth.Verifier(settings.trust_dir, settings.name), settings.trusted_proxies)
    _answer_errors(app)
    return app


def _around_requests(app: Flask, verifier: auth.Verifier, proxies: int) -> None:
    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        context.act(_context(proxies))  # whatever is logged from here on is about this request
        # whether the process lives is nothing that the database decides
        g.connected = request.path != "/livez" and db.database.connect(reuse_if_open=True)
        if "\x00" in request.path:  # no database holds it, and PostgreSQL's driver raises ValueError
            not_found("page")
        auth.check_request(app, verifier)
        context.act(_context(proxies))

    @app.after_request
    def count(answer: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else None
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        metrics.count_request(request.method, route, answer.status_code, seconds)
        answer.headers.setdefault("Cache-Control", "no-store")
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        if g.get("connected"):
            db.database.close()


def _context(proxies: int) -> context.Context:
    """Return who acts: correlation and trace as sent when they are sane, the address as far as it is trusted.

    The configured proxies are trusted hops, and so is a caller whose issuer speaks for members.
    """
    sent = request.headers.get("X-Correlation-Id", "")
    trusted = sent.isascii() and sent.replace("-", "").isalnum() and len(sent) <= 64
    traceparent = request.headers.get("traceparent")
    caller: auth.Caller | None = g.get("caller")
    hops = proxies + (caller is not None and caller.speaks_for_members)
    return context.Context(
        actor=caller.actor if caller else "service:public",
        correlation=sent if trusted else clock.new_id(),
        traceparent=traceparent if traceparent and len(traceparent) == 55 and traceparent.isascii() else None,
        address=addresses.forwarded(request.headers.get("X-Forwarded-For", ""), request.remote_addr, hops),
    )


def _answer_errors(app: Flask) -> None:
    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> Response:
        if error.status in AUDITED:
            route, address = str(request.url_rule), context.current().address
            log.warning("request_refused", code=error.code, route=route, address=address)
        headers = {"WWW-Authenticate": 'Bearer realm="seatwise"'} if isinstance(error, Unauthorized) else {}
        return problem(error.status, error.code, error.detail, {**error.headers, **headers}, **error.facts)

    @app.errorhandler(peewee.OperationalError)
    def database_away(error: peewee.OperationalError) -> Response:
        log.error("database_away", error=repr(error))
        soon, detail = {"Retry-After": "2"}, "The service's database cannot be reached; try again soon."
        return problem(503, "database-away", detail, soon)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        log.exception("request_failed", route=str(request.url_rule), exc_info=error)  # a path may hold a secret
        return problem(500, "internal-error", "The service failed; the failure is logged with its correlation.")


def _operations(name: str, described: Callable[[], dict[str, Any]]) -> flask.Blueprint:
    """Liveness (the loop answers), readiness (own database and schema; never the broker), OpenAPI."""
    operations = flask.Blueprint("operations", __name__)

    @operations.get("/openapi.json")
    @auth.public
    def openapi() -> dict[str, Any]:
        return described()

    @operations.get("/livez")
    @auth.public
    def livez() -> dict[str, str]:
        return {"status": "alive"}

    @operations.get("/readyz")
    @auth.public
    def readyz() -> Response | dict[str, str]:
        if missing := db.pending_migrations(name):
            return problem(503, "schema-behind", "Run `migrate` first.", missing=missing)
        return {"status": "ready"}

    return operations
