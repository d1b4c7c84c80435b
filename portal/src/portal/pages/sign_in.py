"""Signing in by a mailed link (or by one click in the demo), and signing out."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, current_app, render_template, request
from flask_babel import force_locale, gettext
from werkzeug.wrappers import Response

from kit import smtp
from portal import browsers, forms, language, problems, session, signin
from portal.clients import Json, Problem
from portal.settings import Settings
from portal.words import possible_at

blueprint = Blueprint("sign_in", __name__)

DEMO_READER = frozenset({"account:read", "people"})


def _settings() -> Settings:
    found: Settings = current_app.extensions["settings"]
    return found


def _links() -> signin.Links:
    found: signin.Links = current_app.extensions["links"]
    return found


@blueprint.get("/sign-in")
@session.public
def form() -> str:
    people, problem = [], None
    if _settings().demo_account:
        try:
            people = _demo_people()
        except Problem as met:
            problem = met
    wanted = forms.local_path(request.args.get("next"))
    return render_template("sign_in/form.html", wanted=wanted, people=people, problem=problem)


@blueprint.post("/sign-in")
@session.public
def ask_for_link() -> Response:
    """Mail a link to whoever has the address; nobody else learns whether somebody does."""
    email = forms.address("email")
    wanted = forms.local_path(request.form.get("next"))
    again = f"/sign-in?next={forms.quoted(wanted)}"
    if not 3 <= len(email) <= 254 or "@" not in email[1:-1] or not email.isprintable() or " " in email:
        said = gettext("Enter an e-mail address like ada@example.org.")
        return forms.back(again, gettext("The link was not sent."), {"email": said})
    try:
        found = session.services().door().sign_ins(email)
    except Problem as problem:
        return forms.back(again, _too_many(problem) or problems.text(problem))
    if found:
        _mail_links(found, wanted)
    return forms.to("/sign-in/sent")


def _too_many(problem: Problem) -> str:
    """Say who asked for too many links, and until when; nothing for another refusal."""
    time = possible_at(float(problem.facts.get("retry_after", 60)))
    sentences = {
        "sign-in-per-address": gettext(
            "Too many links were asked for with this address. Use the newest mail, or try again at %(time)s.",
            time=time,
        ),
        "sign-in-per-caller": gettext(
            "Too many links were asked for from your network. Nothing is wrong with your address: "
            "try again at %(time)s.",
            time=time,
        ),
    }
    return sentences.get(str(problem.facts.get("limit")), "")


def _mail_links(found: list[Json], wanted: str) -> None:
    """To the address as the account's people know it: what was typed may be another one that reads alike."""
    locale = language.REGIONAL.get(found[0]["locale"][:2], "en_CA")
    links = [
        (
            smtp.unlinked(item["account_name"]),
            f"{_settings().portal_url}/sign-in/link/{_links().token(_link(item, wanted))}",
        )
        for item in found
    ]
    name = smtp.unlinked(found[0]["name"])
    with force_locale(locale):
        parts = [
            render_template(f"sign_in/mail.{kind}", name=name, links=links, lang=locale[:2])
            for kind in ("txt", "html")
        ]
        letter = signin.Letter(found[0]["name"], found[0]["email"], gettext("Your link to sign in"), *parts)
        signin.send(_settings(), letter)


def _link(item: Json, wanted: str) -> signin.Link:
    return signin.Link(
        item["member_id"], item["account_id"], item["account_name"], item["name"], item["counter"], wanted
    )


@blueprint.get("/sign-in/sent")
@session.public
def sent() -> str:
    return render_template("sign_in/sent.html")


@blueprint.get("/sign-in/link/<token>")
@session.public
def open_link(token: str) -> str | tuple[str, int]:
    """A page with one button: programs that open links in mails press no buttons."""
    link = _links().read(token)
    if link is None:
        return render_template("sign_in/unusable.html", used=False), 410
    return render_template("sign_in/link.html", link=link)


@blueprint.post("/sign-in/link/<token>")
@session.public
def use_link(token: str) -> Response:
    link = _links().read(token)
    if link is None:
        if expired_link := _links().read(token, late=signin.RECENTLY):
            session.services().door().note_refusal(expired_link.member_id, "sign-in", reason="expired")
        return forms.to("/sign-in/expired")
    try:
        session.sign_in(session.services().door().use(link.member_id, link.counter, browsers.this()))
    except Problem as problem:
        if problem.unreachable:
            return forms.back(request.path, problems.text(problem))
        return forms.to("/sign-in/used" if problem.code == "link-used" else "/sign-in/expired")
    return forms.to(forms.local_path(link.next))


@blueprint.get("/sign-in/used")
@session.public
def used() -> tuple[str, int]:
    return render_template("sign_in/unusable.html", used=True), 410


@blueprint.get("/sign-in/expired")
@session.public
def expired() -> tuple[str, int]:
    return render_template("sign_in/unusable.html", used=False), 410


@blueprint.post("/sign-in/demo")
@session.public
def sign_in_to_demo() -> Response:
    """One click, in the demo account only: the person is looked up there and nowhere else."""
    account = _settings().demo_account
    if not account:
        return forms.to("/sign-in")
    wanted = forms.local_path(request.form.get("next"))
    try:
        member_id = request.form.get("member_id", "")[:60].replace("/", "")
        session.sign_in(session.services().door().start_demo_session(account, member_id, browsers.this()))
    except Problem as problem:
        return forms.back(f"/sign-in?next={forms.quoted(wanted)}", problems.text(problem))
    return forms.to(wanted)


@blueprint.post("/sign-out")
@session.public
def sign_out() -> Response:
    ended = session.sign_out()
    forms.toast(
        gettext("You are signed out.")
        if ended
        else gettext("You are signed out in this browser. A copy of its cookie works until the session ends.")
    )
    return forms.to("/sign-in")


def _demo_reader() -> Any:
    """Entitlements as the sign-in page of the demo reads it."""
    return session.services().of_account(_settings().demo_account, "demo", DEMO_READER).entitlements


def _demo_people() -> list[Json]:
    """Everybody who can sign in to the demo; administrators first, then those with a role."""

    def by_role(person: Json) -> tuple[bool, bool, str]:
        roles: Iterable[str] = person["roles"]
        plain = unicodedata.normalize("NFKD", person["name"]).casefold()
        return ("administrator" not in roles, set(roles) <= {"member"}, plain)

    people = _demo_reader().members(state="active", limit=100)["items"]
    return sorted(people, key=by_role)
