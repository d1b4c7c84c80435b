"""Settings of the account."""

from flask import Blueprint, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal import forms, problems, sections, session
from portal.clients import Problem

blueprint = Blueprint("settings", __name__)

HERE = "/settings"


@blueprint.get(HERE)
@session.allow("roles")
def show() -> str:
    page = sections.read(account=session.suite().entitlements.account)
    return render_template("settings/index.html", page=page)


@blueprint.post(HERE)
@session.allow("roles")
def save() -> Response:
    changes = {"new_device_mail": request.form.get("new_device_mail") == "on"}
    try:
        session.suite().entitlements.change_account(changes)
    except Problem as problem:
        return forms.back(HERE, problems.text(problem))
    forms.toast(gettext("The settings are saved."))
    return forms.to(HERE)
