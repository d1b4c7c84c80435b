"""What all pages share: who is asking, the language, protection of forms, headers, refusals in words."""

from collections.abc import Callable
from functools import wraps
from importlib import resources
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, g, render_template, request, session
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

import seatwise
from kit import auth, context, web
from kit.errors import Refusal, Unauthorized
from secure_messages import domain, queries, words
from secure_messages.files import Folder
from secure_messages.sealing import Vault

POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
STYLE = resources.files("secure_messages").joinpath("templates", "style.css").read_text()
PROBLEM = "application/problem+json"

blueprint = Blueprint("pages", __name__, template_folder="../templates")
csrf = CSRFProtect()

F = TypeVar("F", bound=Callable[..., Any])


def licenses() -> seatwise.Client:
    found: seatwise.Client = current_app.extensions["licenses"]
    return found


def vault() -> Vault:
    found: Vault = current_app.extensions["vault"]
    return found


def folder() -> Folder:
    found: Folder = current_app.extensions["folder"]
    return found


def sign_in(person: domain.Person, portal_session: domain.PortalSession) -> None:
    session.clear()
    session["person"] = list(person)
    session["portal"] = list(portal_session)
    session.permanent = True


def for_senders(view: F) -> F:
    """The page is for whoever is signed in; what they do is done in their name."""

    @auth.public
    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if g.me is None:
            raise Unauthorized("not-signed-in", "Sign in at the portal and come from there.")
        context.act(context.current()._replace(actor=f"member:{g.me.member}"))
        return view(*args, **kwargs)

    return wrapper  # type: ignore[return-value]


@blueprint.before_request
def begin() -> None:
    g.me = _signed_in()
    spoken = request.accept_languages.best_match(domain.LANGUAGES) or domain.LANGUAGES[0]
    g.language = domain.language_of(g.me.locale) if g.me else spoken
    g.say = words.speaker(g.language)


def _signed_in() -> domain.Person | None:
    """The person of the cookie, unless their session ended; cookies of release 0.1 name none."""
    if "person" not in session or "portal" not in session:
        return None
    person = domain.Person(*session["person"])
    if queries.session_ended(person.member, domain.PortalSession(*session["portal"])):
        session.clear()
        return None
    return person


def check_form() -> None:
    """The form is one of ours. It is read here, files included, unless it was refused before."""
    csrf.protect()


@blueprint.after_request
def protect(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", POLICY)
    answer.headers["Referrer-Policy"] = "same-origin"  # a link is a secret; other places do not hear of it
    if current_app.extensions["https"]:
        answer.headers["Strict-Transport-Security"] = "max-age=31536000"
    answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    answer.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    return answer


@blueprint.app_context_processor
def shared() -> dict[str, Any]:
    language = g.get("language", domain.LANGUAGES[0])
    return {
        "say": words.speaker(language),
        "language": language,
        "me": g.get("me"),
        "portal_url": current_app.extensions["portal_url"],
        "day": lambda instant: words.day(instant, language),
        "moment": lambda instant: words.moment(instant, language),
        "size": lambda count: words.size(count, language),
    }


@blueprint.get("/style.css")
@auth.public
def style() -> Response:
    answer = Response(STYLE, content_type="text/css; charset=utf-8")
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


def said(error: Refusal) -> str:
    return words.refusal(g.language, error.code, error.facts)


@blueprint.errorhandler(Refusal)
def refused(error: Refusal) -> Response | tuple[str, int, dict[str, str]]:
    """In words; as problem+json for whoever asks for that."""
    if wants_problem():
        return web.problem(error.status, error.code, said(error), error.headers, **error.facts)
    return render_template("refused.html", text=said(error), code=error.code), error.status, error.headers


def wants_problem() -> bool:
    return request.accept_mimetypes.best_match(["text/html", PROBLEM]) == PROBLEM


@blueprint.errorhandler(CSRFError)
def form_too_old(_error: CSRFError) -> Response | tuple[str, int, dict[str, str]]:
    return refused(Refusal("form-too-old", status=400))


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> Response | tuple[str, int, dict[str, str]]:
    return refused(Refusal("form-too-large", status=413))


@blueprint.errorhandler(HTTPException)
def answered(error: HTTPException) -> Any:
    status = error.code or 500
    return error if status < 400 else refused(Refusal("not-understood", status=status))
