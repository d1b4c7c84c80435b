"""Activate: for the person with the code from the e-mail, who need not sign in."""

import uuid

from flask import Blueprint, g, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal import forms, language, problems, session
from portal.clients import Json, Problem

blueprint = Blueprint("activate", __name__)

DEVICES = uuid.UUID("6d0f7f5e-6f0b-4b7e-9a55-0d1b5a1f2c11")  # namespace of the browser's device ids


@blueprint.get("/activate")
@session.public
def enter() -> str | Response:
    """A code typed by hand."""
    code = request.args.get("code", "").strip()
    if code:
        return forms.to(f"/activate/{forms.quoted('/' + code[:100])[1:]}")
    return render_template("activate/enter.html")


@blueprint.get("/activate/<code>")
@session.public
def show(code: str) -> str | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """What the code is for; in the person's own language unless another was chosen."""
    try:
        found = session.services().door().activation(code)
    except Problem as problem:
        if problem.unreachable:
            raise
        if problem.code == "too-many-guesses":
            later = {"Retry-After": str(problem.facts["retry_after"])}
            return render_template("activate/wait.html", problem=problem), 429, later
        return render_template("activate/unknown.html"), 404
    _speak_to(found)
    return render_template(
        "activate/show.html", code=code, found=found, just_now=request.args.get("done") == "1"
    )


def _speak_to(found: Json) -> None:
    g.time_zone = found["account_time_zone"]
    if not g.get("me") and not language.session.get("language"):
        g.language = found["member"]["locale"][:2]


@blueprint.post("/activate/<code>")
@session.public
def activate(code: str) -> Response:
    """Activate in the browser: always the same device for the same code, so clicking again uses up nothing."""
    try:
        _activate(code)
    except Problem as problem:
        return forms.back(f"/activate/{code}", problems.text(problem))
    return forms.to(f"/activate/{code}?done=1")


def _activate(code: str) -> Json:
    _speak_to(session.services().door().activation(code))
    spelled = "".join(character for character in code.upper() if character.isalnum())
    device = str(uuid.uuid5(DEVICES, spelled))
    return session.services().door().activate(code, device, gettext("Web browser"))
