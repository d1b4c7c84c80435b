"""My account: where I am signed in, and signing out elsewhere; the same of others for those who may."""

from flask import Blueprint, g, render_template
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal import forms, problems, sections, session
from portal.clients import Problem

blueprint = Blueprint("account", __name__)

HERE = "/account"


@blueprint.get(HERE)
@session.signed_in
def show() -> str:
    entitlements = session.suite().entitlements
    page = sections.read(sessions=lambda: entitlements.sessions(g.me.id))
    return render_template("account/index.html", page=page, base=f"{HERE}/sessions")


@blueprint.post("/account/sessions/<session_id>/end")
@session.signed_in
def end(session_id: str) -> Response:
    if session_id == g.me.session:
        return _sign_out()
    return _end(g.me.id, session_id, HERE)


@blueprint.post("/account/sessions/end")
@session.signed_in
def end_all() -> Response:
    try:
        session.suite().entitlements.end_sessions(g.me.id)
    except Problem as problem:
        return forms.back(HERE, problems.text(problem))
    return _sign_out()


@blueprint.post("/people/<member_id>/sessions/<session_id>/end")
@session.allow("people")
def end_of(member_id: str, session_id: str) -> Response:
    return _end(member_id, session_id, f"/people/{member_id}")


@blueprint.post("/people/<member_id>/sessions/end")
@session.allow("people")
def end_all_of(member_id: str) -> Response:
    here = f"/people/{member_id}"
    try:
        session.suite().entitlements.end_sessions(member_id)
    except Problem as problem:
        return forms.back(here, problems.text(problem))
    forms.toast(
        gettext("The person is signed out everywhere: changes stop at once, pages within five minutes.")
    )
    return forms.to(here)


def _end(member_id: str, session_id: str, here: str) -> Response:
    """End one; a second click finds it ended, which is as well."""
    try:
        session.suite().entitlements.end_session(member_id, session_id)
    except Problem as problem:
        if problem.code != "not-found":
            return forms.back(here, problems.text(problem))
    forms.toast(gettext("The session has ended."))
    return forms.to(here)


def _sign_out() -> Response:
    session.sign_out()
    forms.toast(gettext("You are signed out."))
    return forms.to("/sign-in")
