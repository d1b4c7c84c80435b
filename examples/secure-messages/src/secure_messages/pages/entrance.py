"""Coming from the portal: its token, good for a minute and one use, becomes a session of our own."""

from typing import Any
from urllib.parse import urlsplit

from flask import current_app, redirect, request, session
from werkzeug.wrappers import Response

from kit import auth, clock
from kit.errors import Unauthorized, refuse
from secure_messages import commands, domain
from secure_messages.pages.frame import blueprint, check_form, sign_in

AUDIENCE = "secure-messages"
ISSUER = "portal"
LONGEST = 60  # seconds


@blueprint.post("/enter")
@auth.public
def enter() -> Response:
    """The token comes in the body of a form on a page of the portal: no address, log or referrer has it.

    The browser says whose page it was, so that nobody else's page can sign people in as somebody else.
    """
    portal = urlsplit(current_app.extensions["portal_url"])
    if request.headers.get("Origin") != f"{portal.scheme}://{portal.netloc}":
        refuse("not-from-the-portal", status=403)
    person = _person(request.form.get("token", ""))
    sign_in(person)
    return redirect("/", 303)


def _person(token: str) -> domain.Person:
    try:
        verifier: auth.Verifier = current_app.extensions["verifier"]
        claims = verifier.claims(token, audience=AUDIENCE)
        said = [claims[name] for name in ("account", "sub", "name", "email", "locale")]
        short = claims["exp"] - claims["iat"] <= LONGEST
        if claims["iss"] != ISSUER or not short or not all(isinstance(text, str) for text in said):
            raise Unauthorized("token-invalid")
        if not _first_use(claims):
            raise Unauthorized("token-used")
    except (Unauthorized, KeyError, ValueError) as error:
        refuse("hand-over-unusable", str(error), status=401)
    return domain.Person(*said)


def _first_use(claims: dict[str, Any]) -> bool:
    kept_until = (claims["exp"] + LONGEST) * clock.SECOND  # longer than clocks differ
    return domain.is_id(claims["jti"]) and commands.use_hand_over(claims["jti"], kept_until)


@blueprint.post("/sign-out")
@auth.public
def sign_out() -> Response:
    check_form()
    session.clear()
    return redirect("/", 303)
