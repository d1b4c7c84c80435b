"""New e-mail addresses: the page that confirms one, and sending again or withdrawing what waits."""

from flask import Blueprint, g, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal import forms, problems, session
from portal.clients import Problem

blueprint = Blueprint("addresses", __name__)


@blueprint.get("/address/<token>")
@session.public
def open_link(token: str) -> str | tuple[str, int]:
    """Show one button: programs that open links in mails press no buttons."""
    try:
        change = session.services().door().read_address_link(token)
    except Problem as problem:
        if problem.unreachable:
            raise
        return render_template("addresses/unusable.html"), 410
    return render_template("addresses/link.html", change=change)


@blueprint.post("/address/<token>")
@session.public
def confirm(token: str) -> Response | tuple[str, int]:
    try:
        change = session.services().door().confirm_address(token)
    except Problem as problem:
        if problem.code == "link-expired":
            return forms.to(request.path)
        if problem.code == "link-used":
            forms.toast(gettext("This address was confirmed already. Sign in with it."))
            return forms.to("/sign-in")
        domain = problem.facts.get("email", "").rpartition("@")[2]
        return forms.back(request.path, problems.text(problem, **({"domain": domain} if domain else {})))
    if g.me is not None and g.me.id == change["member_id"]:
        session.sign_out()
    forms.toast(gettext("Your e-mail address is now %(email)s. Sign in with it.", email=change["email"]))
    return forms.to("/sign-in")


@blueprint.post("/people/<member_id>/address/again")
@session.allow("people")
def send_again(member_id: str) -> Response:
    here = f"/people/{member_id}"
    try:
        person = session.suite().entitlements.renew_address_change(member_id)
    except Problem as problem:
        return forms.back(here, problems.text(problem))
    forms.toast(gettext("Another link was sent to %(email)s.", email=person.get("pending_email") or ""))
    return forms.to(here)


@blueprint.post("/people/<member_id>/address/withdrawal")
@session.allow("people")
def withdraw(member_id: str) -> Response:
    here = f"/people/{member_id}"
    try:
        session.suite().entitlements.cancel_address_change(member_id)
    except Problem as problem:
        if problem.code != "not-found":
            return forms.back(here, problems.text(problem))
    forms.toast(gettext("The new address was withdrawn. Nothing else changed."))
    return forms.to(here)
