"""User Management: everybody of the account, adding and removing them, their details and roles."""

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, g, render_template, request
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from portal import forms, language, problems, sections, session
from portal.clients import Json, Problem

blueprint = Blueprint("people", __name__)

ROLES = ("administrator", "purchaser", "people-manager", "auditor", "member")
PAGE = 25
ADMINISTRATOR = ROLES[0]
FIELDS = {"email": "email", "name": "name", "locale": "locale", "roles": "roles"}


@blueprint.get("/people")
@session.allow("people", "licenses")
def index() -> str:
    asked = {name: request.args.get(name, "").strip()[:100] for name in ("q", "state", "plan")}
    asked["cursor"] = request.args.get("cursor", "")  # nobody types it, and half of one leads nowhere
    entitlements = session.suite().entitlements
    page = sections.read(people=lambda: entitlements.members(**asked, limit=PAGE))
    plans = session.services().catalog.plans()
    return render_template("people/index.html", page=page, asked=asked, plans=plans)


@blueprint.get("/people/new")
@session.allow("people")
def new() -> str:
    entitlements = session.suite().entitlements
    page = sections.read(domains=entitlements.domains if g.me.may("domains") else None)
    return render_template("people/new.html", page=page, roles=ROLES)


@blueprint.post("/people")
@session.allow("people")
def add() -> Response:
    """Add a user; the e-mail domain must be one that was approved for the organization."""
    here, not_added = "/people/new", gettext("The user was not added.")
    person, errors = _typed_person()
    if errors:
        return forms.back(here, not_added, errors)
    try:
        member = session.suite().entitlements.add_member(person, forms.key())
    except Problem as problem:
        said = problems.text(problem, domain=person["email"].rpartition("@")[2])
        if problem.code.startswith(("domain", "email")):
            return forms.back(here, not_added, {"email": said})
        return forms.back(here, said, problems.field_texts(problem, FIELDS))
    forms.toast(gettext("%(name)s was added.", name=member["name"]))
    return forms.to(f"/people/{member['id']}")


def _typed_person() -> tuple[Json, dict[str, str]]:
    person: Json = {
        "name": request.form.get("name", "").strip(),
        "email": forms.address("email"),
        "locale": "fr" if request.form.get("locale") == "fr" else "en",
        "roles": _typed_roles() if g.me.may("roles") else ["member"],
    }
    errors = {}
    if not 1 <= len(person["name"]) <= 200:
        errors["name"] = gettext("Enter the person's name.")
    if "@" not in person["email"][1:-1] or len(person["email"]) > 254:
        errors["email"] = gettext("Enter an e-mail address like ada@example.org.")
    return person, errors


def _typed_roles() -> list[str]:
    chosen = [role for role in ROLES if role in request.form.getlist("roles")]
    return chosen or ["member"]


@blueprint.get("/people/<member_id>")
@session.allow("people", "licenses")
def show(member_id: str) -> str:
    suite = session.suite()
    own = member_id == g.me.id and ADMINISTRATOR in g.me.roles
    page = sections.read(
        kept=_last_administrator if own else None,
        person=lambda: suite.entitlements.member(member_id),
        devices=(lambda: suite.entitlements.devices(member_id)) if g.me.may("licenses") else None,
        sessions=(lambda: suite.entitlements.sessions(member_id)) if g.me.may("people") else None,
        notices=(lambda: suite.notifier.notices(member=member_id))
        if g.me.may("people", "activity:read")
        else None,
    )
    person = page.person.value
    may_rename = g.me.may("roles") or (person is not None and set(person["roles"]) <= {"member"})
    shown = {"person": person, "roles": ROLES, "stays": _stays(page), "may_rename": may_rename}
    return render_template("people/show.html", page=page, **shown)


def _last_administrator() -> bool:
    """Whether nobody else of the account could go on administering it."""
    entitlements, cursor = session.suite().entitlements, ""
    while cursor is not None:
        found = entitlements.members(state="active", limit=500, cursor=cursor)
        if any(ADMINISTRATOR in one["roles"] and one["id"] != g.me.id for one in found["items"]):
            return False
        cursor = found["next"]
    return True


def _stays(page: SimpleNamespace) -> str:
    """Why entitlements would refuse to remove the person; nothing when it would not."""
    person = page.person.or_else({"roles": []})
    if page.kept and page.kept.or_else(False):
        return gettext("The last administrator cannot be removed. Make somebody else one first.")
    if not set(person["roles"]) <= {"member"} and not g.me.may("roles"):
        return gettext("Only an administrator can remove somebody with these roles.")
    return ""


@blueprint.post("/people/<member_id>")
@session.allow("people")
def change(member_id: str) -> Response:
    """Language; name and address unless the form left them out; for those who may, roles."""
    here, nothing = f"/people/{member_id}", gettext("Nothing was changed.")
    changes: dict[str, Any] = {}
    if "name" in request.form:
        changes["name"] = request.form["name"].strip()
        if not 1 <= len(changes["name"]) <= 200:
            return forms.back(here, nothing, {"name": gettext("Enter the person's name.")})
    if "email" in request.form:
        changes["email"] = forms.address("email")
        if "@" not in changes["email"][1:-1] or len(changes["email"]) > 254:
            wrong = gettext("Enter an e-mail address like ada@example.org.")
            return forms.back(here, nothing, {"email": wrong})
    if request.form.get("locale") in language.LANGUAGES:
        changes["locale"] = request.form["locale"]
    if g.me.may("roles"):
        changes["roles"] = _typed_roles()
    try:
        member = session.suite().entitlements.change_member(member_id, changes)
    except Problem as problem:
        said = problems.text(problem, domain=changes.get("email", "").rpartition("@")[2])
        if problem.code.startswith(("domain", "email")):
            return forms.back(here, nothing, {"email": said})
        return forms.back(here, said, problems.field_texts(problem, FIELDS))
    if member_id == g.me.id:
        session.read_again()
    if member.get("pending_email") and member["pending_email"] == changes.get("email", "").casefold():
        said = gettext(
            "Saved. A link to confirm the address was sent to %(email)s.", email=member["pending_email"]
        )
    else:
        said = gettext("The details of %(name)s are saved.", name=member["name"])
    forms.toast(said)
    return forms.to(here)


@blueprint.post("/people/reminders")
@session.allow("licenses")
def remind_all() -> Response:
    """Send the mail about their license again to those who have not activated it."""
    try:
        items = session.suite().entitlements.remind(None, forms.key())
    except Problem as problem:
        return forms.back("/people", problems.text(problem))
    sent = sum(item["verdict"] == "reminded" for item in items)
    forms.toast(
        ngettext("%(num)s person gets the e-mail again.", "%(num)s people get the e-mail again.", sent)
        if sent
        else gettext("Nobody has to be written to: all have activated or got the e-mail a moment ago.")
    )
    return forms.to("/people")


@blueprint.post("/people/<member_id>/reminder")
@session.allow("licenses")
def remind(member_id: str) -> Response:
    """Send the mail about the license again."""
    here = f"/people/{member_id}"
    try:
        [item] = session.suite().entitlements.remind([member_id], forms.key())
    except Problem as problem:
        return forms.back(here, problems.text(problem))
    refusals = {
        "no-license": gettext("This person has no license. Give one first; the e-mail goes out by itself."),
        "reminded-recently": gettext(
            "The e-mail was sent again a moment ago. Wait ten minutes, then try again."
        ),
    }
    if item["verdict"] in refusals:
        return forms.back(here, refusals[item["verdict"]])
    forms.toast(gettext("The e-mail about the license is on its way."))
    return forms.to(here)


@blueprint.get("/people/<member_id>/removal")
@session.allow("people")
def removal(member_id: str) -> str:
    return render_template("people/removal.html", person=session.suite().entitlements.member(member_id))


@blueprint.post("/people/<member_id>/removal")
@session.allow("people")
def remove(member_id: str) -> Response:
    entitlements = session.suite().entitlements
    try:
        person = entitlements.member(member_id)
        entitlements.remove_member(member_id)
    except Problem as problem:
        return forms.back(f"/people/{member_id}/removal", problems.text(problem))
    if member_id == g.me.id:
        session.sign_out()
    forms.toast(gettext("%(name)s was removed; a license held is free again.", name=person["name"]))
    return forms.to("/people")
