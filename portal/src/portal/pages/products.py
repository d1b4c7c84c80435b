"""The way to a product where the sign-in carries over: a form whose token is good for a minute and one use."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, g, make_response, render_template
from flask_babel import get_locale

from kit import clock
from portal import session
from portal.settings import Settings

blueprint = Blueprint("products", __name__)

SECURE_MESSAGES = "secure-messages"  # the audience of the token: no other product takes it
LASTS = 60  # seconds


@blueprint.get("/secure-messages")
@session.signed_in
def secure_messages() -> Response:
    """The token stands in the body of a form: no address, log or referrer has it. The browser tells the product
    whose page sent it, and nothing more of where the person came from."""
    settings: Settings = current_app.extensions["settings"]
    url = settings.secure_messages_url
    if not url:
        abort(404)
    page = render_template("products/hand_over.html", action=f"{url}/enter", token=_token())
    answer = make_response(page)
    there = urlsplit(url)
    answer.headers["Content-Security-Policy"] = current_app.config["POLICY"].replace(
        "form-action 'self'", f"form-action 'self' {there.scheme}://{there.netloc}"
    )
    answer.headers["Referrer-Policy"] = "strict-origin"
    return answer


def _token() -> str:
    return session.services().signer.token(
        g.me.id,
        aud=SECURE_MESSAGES,
        jti=clock.new_id(),
        sid=g.me.session,
        since=g.me.since,
        until=g.me.until,
        lasts=LASTS,
        account=g.me.account,
        name=g.me.name,
        email=g.me.email,
        locale=str(get_locale()),
    )
