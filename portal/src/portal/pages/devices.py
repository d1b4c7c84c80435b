"""Devices on which a license is active: the own ones, and everybody's for those who hand out licenses."""

from flask import Blueprint, g, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal import forms, problems, sections, session
from portal.clients import Problem

blueprint = Blueprint("devices", __name__)

OWN = "/devices"
FIELDS = ("plan", "device", "name")


@blueprint.get("/devices")
@session.signed_in
def own() -> str:
    entitlements = session.suite().entitlements
    page = sections.read(devices=lambda: entitlements.devices(g.me.id))
    return render_template("devices/own.html", page=page, own=OWN)


@blueprint.post("/devices")
@session.signed_in
def let_in_own() -> Response:
    return _let_in(g.me.id, OWN)


@blueprint.post("/devices/<device_id>/release")
@session.signed_in
def release_own(device_id: str) -> Response:
    return _release(g.me.id, device_id, OWN, OWN)


@blueprint.post("/people/<member_id>/devices")
@session.allow("licenses")
def let_in(member_id: str) -> Response:
    return _let_in(member_id, f"/people/{member_id}")


@blueprint.post("/people/<member_id>/devices/<device_id>/release")
@session.allow("licenses")
def release(member_id: str, device_id: str) -> Response:
    return _release(member_id, device_id, f"/people/{member_id}/devices", f"/people/{member_id}")


@blueprint.post("/people/<member_id>/devices/release")
@session.allow("licenses")
def release_all(member_id: str) -> Response:
    here = f"/people/{member_id}"
    try:
        session.suite().entitlements.release_all(member_id)
    except Problem as problem:
        return forms.back(here, problems.text(problem))
    forms.toast(gettext("All devices were released. The license stays with the person."))
    return forms.to(here)


def _let_in(member_id: str, here: str) -> Response:
    plan, device, name = _named()
    try:
        session.suite().entitlements.let_in(member_id, plan, {"id": device, "name": name})
    except Problem as problem:
        return forms.back(here, problems.text(problem))
    forms.toast(gettext("The license is active on %(device)s again.", device=name))
    return forms.to(here)


def _release(member_id: str, device_id: str, devices: str, here: str) -> Response:
    """The second of two clicks finds nothing to release, and says the same."""
    try:
        session.suite().entitlements.release(member_id, device_id)
    except Problem as problem:
        if problem.code != "not-found":
            return forms.back(here, problems.text(problem))
    fields = dict(zip(FIELDS, _named(), strict=True))
    said = gettext("%(device)s was released; another device may take its place.", device=fields["name"])
    forms.toast(said, undo=devices, fields=fields)
    return forms.to(here)


def _named() -> tuple[str, ...]:
    """What the form says about the device: of which plan, the id that it gave itself, its name."""
    return tuple(request.form.get(field, "")[:100] for field in FIELDS)
