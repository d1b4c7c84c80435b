"""Coming from the portal: its token, good for a minute and one use, becomes a session of our own."""

from typing import Any
from urllib.parse import urlsplit

from flask import current_app, redirect, request, session
from werkzeug.wrappers import Response

from kit import auth, clock
from kit.errors import Unauthorized, refuse
from secure_messages import commands, domain, queries
from secure_messages.pages.frame import blueprint, check_form, sign_in

AUDIENCE = "secure-messages"
ISSUER = "portal"
LONGEST = 60  # seconds
LONGEST_SESSION = 12 * 3600  # seconds


@blueprint.post("/enter")
@auth.public
def enter() -> Response:
    """The token comes in the body of a form on a page of the portal: no address, log or referrer has it.

    The browser says whose page it was, so that nobody else's page can sign people in as somebody else.
    """
    portal = urlsplit(current_app.extensions["portal_url"])
    if request.headers.get("Origin") != f"{portal.scheme}://{portal.netloc}":
        refuse("not-from-the-portal", status=403)
    person, portal_session = _read(request.form.get("token", ""))
    if queries.session_ended(person.member, portal_session):
        refuse("hand-over-unusable", "The session has ended.", status=401)
    sign_in(person, portal_session)
    return redirect("/", 303)


def _read(token: str) -> tuple[domain.Person, domain.PortalSession]:
    try:
        verifier: auth.Verifier = current_app.extensions["verifier"]
        claims = verifier.claims(token, audience=AUDIENCE)
        said = [claims[name] for name in ("account", "sub", "name", "email", "locale")]
        portal_session = _portal_session(claims)
        short = claims["exp"] - claims["iat"] <= LONGEST
        as_issued = all(isinstance(text, str) for text in said) and domain.is_id(claims["sub"])
        if claims["iss"] != ISSUER or not short or not as_issued:
            raise Unauthorized("token-invalid")
        if not _first_use(claims):
            raise Unauthorized("token-used")
    except (Unauthorized, KeyError, ValueError) as error:
        refuse("hand-over-unusable", str(error), status=401)
    return domain.Person(*said), portal_session


def _portal_session(claims: dict[str, Any]) -> domain.PortalSession:
    """The session that the token names; a portal of release 0.1 names none, so it begins with the token."""
    id_, since = claims.get("sid", ""), claims.get("since", claims["iat"] * clock.SECOND)
    until = claims.get("until", claims["iat"] + LONGEST_SESSION)
    if not (id_ == "" or domain.is_id(id_)) or type(since) is not int or type(until) is not int:
        raise Unauthorized("token-invalid")
    return domain.PortalSession(id_, since, until)


def _first_use(claims: dict[str, Any]) -> bool:
    kept_until = (claims["exp"] + LONGEST) * clock.SECOND  # longer than clocks differ
    return domain.is_id(claims["jti"]) and commands.use_hand_over(claims["jti"], kept_until)


@blueprint.post("/sign-out")
@auth.public
def sign_out() -> Response:
    check_form()
    session.clear()
    return redirect("/", 303)
