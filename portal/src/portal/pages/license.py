"""Manage license: which plan a person holds."""

from flask import Blueprint, g, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal import forms, problems, sections, session
from portal.clients import Json, OfAccount, Problem
from portal.words import plan_name

blueprint = Blueprint("license", __name__)

NONE = "none"


@blueprint.get("/people/<member_id>/license")
@session.allow("licenses")
def manage(member_id: str) -> str:
    entitlements = session.suite().entitlements
    page = sections.read(person=lambda: entitlements.member(member_id), pools=entitlements.pools)
    plans = dict(session.services().catalog.plans())
    for code in page.pools.or_else({}):
        plans.setdefault(code, {})
    back = forms.local_path(request.args.get("next"), "/people")
    shown = {"person": page.person.value, "plans": list(plans), "back": back, "can_buy": g.me.may("purchase")}
    return render_template("people/license.html", page=page, **shown)


@blueprint.post("/people/<member_id>/license")
@session.allow("licenses")
def save(member_id: str) -> Response:
    """Give the chosen plan, or take the license back. Undo is the same with the plan held before."""
    wanted = request.form.get("plan", "")
    after = forms.local_path(request.form.get("next"), "/people")
    here = f"/people/{member_id}/license?next={forms.quoted(after)}"
    if not wanted:
        return forms.back(here, gettext("Nothing was changed."), {"plan": gettext("Choose a plan.")})
    suite = session.suite()
    try:
        person = suite.entitlements.member(member_id)
        held = (person.get("license") or {}).get("plan", NONE)
        if wanted != held:
            _move(suite, person, wanted)
    except Problem as problem:
        return forms.back(here, problems.text(problem, plan=wanted))
    _say(person, held, wanted, after)
    return forms.to(after)


def _move(suite: OfAccount, person: Json, wanted: str) -> None:
    """From what is held to what is wanted; who cannot get the new license keeps the old one."""
    held = person.get("license")
    if held:
        if wanted != NONE:
            _check_free(suite, wanted)
        suite.entitlements.unassign(held["assignment_id"])
    if wanted == NONE:
        return
    try:
        suite.entitlements.assign(person["id"], wanted)
    except Problem:
        if held:
            suite.entitlements.assign(person["id"], held["plan"])
        raise


def _check_free(suite: OfAccount, plan: str) -> None:
    """Before anything is taken back: as entitlements would refuse."""
    pool = suite.entitlements.pools().get(plan) or {"free": 0, "by_interval": []}
    free = [part for part in pool["by_interval"] if part["free"]]
    if not any(part.get("status", "active") == "active" for part in free):
        code = "subscription-not-active" if free else "no-free-license"
        raise Problem("entitlements", 409, {"code": code, "plan": plan})


def _say(person: Json, held: str, wanted: str, after: str) -> None:
    who = person["name"]
    if wanted == held:
        forms.toast(gettext("%(name)s holds %(plan)s already.", name=who, plan=plan_name(held)))
        return
    if wanted == NONE:
        said = gettext("%(name)s no longer has a license; it is free for somebody else.", name=who)
    else:
        said = gettext(
            "%(name)s now has %(plan)s. A confirmation is on its way by e-mail.",
            name=who,
            plan=plan_name(wanted),
        )
    if request.form.get("undo"):
        forms.toast(said)
        return
    forms.toast(said, undo=f"/people/{person['id']}/license", fields={"plan": held, "next": after, "undo": "1"})
