"""Writes the mail of a notice from its folder of templates, in the person's language."""

import json
from datetime import date, timedelta
from functools import cache
from importlib import resources
from types import SimpleNamespace
from typing import Any

import css_inline
import jinja2

from kit import db, smtp
from kit.db import given
from notifier import domain
from notifier.models import Account, Member, Notice, Plan
from notifier.wording import NOT_SAID, Wording

TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("notifier"),
    autoescape=jinja2.select_autoescape(["html"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_READER = db.Statement(
    Member.select(
        Member.email,
        Member.name,
        Member.locale,
        Member.removed_at,
        Account.name.alias("account_name"),
        Account.locale.alias("account_locale"),
    )
    .join(Account, on=(Account.id == Member.account))
    .where((Member.id == given(Member.id)) & (Member.account == given(Member.account)))
)
NAMES = ("name", "account", "actor", "giver", "device")  # what somebody chose, among the facts of a mail
INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)


def write(notice: Notice, link: str | None) -> domain.Letter:
    """The mail as it is sent now; Deferred while somebody in it is unknown, Obsolete when they left.

    `link`: what the mail asks for; None when it asks for nothing. A notice may name its address
    (`to`): mails about a new address go to the former one, or to the new one.
    """
    found = _READER(id=notice.member, account=notice.account)
    if not found:
        raise domain.Deferred("the member is not known here yet", domain.NOT_KNOWN)
    [reader] = found
    if reader.removed_at is not None:
        raise domain.Obsolete("no longer a member")
    wording = Wording(domain.language_of(reader.locale, reader.account_locale))
    words = _words(notice.kind)[wording.language]
    facts = {"name": reader.name, "account": reader.account_name, **FACTS[notice.kind](notice, wording)}
    facts |= {name: smtp.unlinked(facts[name]) for name in NAMES if facts.get(name)}

    def part(name: str, shown_link: str | None = link) -> str:
        template = TEMPLATES.get_template(f"{FOLDERS.get(notice.kind, notice.kind)}/{name}")
        return template.render(
            language=wording.language, words=words, wording=wording, link=shown_link, said=facts, **facts
        )

    text = part("body.txt")
    return domain.Letter(
        to=notice.data.get("to") or reader.email,
        name=reader.name,
        language=wording.language,
        subject=" ".join(part("subject.txt").split()),
        text=text,
        html=INLINER.inline(part("body.html")),
        stored=part("body.txt", words.link_stored) if link else text,
    )


def _order_paid(notice: Notice, _: Wording) -> dict[str, Any]:
    data = notice.data
    return {
        "number": data["number"],
        "currency": data["currency"],
        "lines": data["lines"],
        "subtotal": data["subtotal"],
        "taxes": data["taxes"],
        "total": data["total"],
        "last4": (data["payment"] or {}).get("last4"),
        "term": _days(data["term"]),
    }


def _days(term: dict[str, str] | None) -> dict[str, str] | None:
    """The first and the last day of a half-open term."""
    if term is None:
        return None
    last = date.fromisoformat(term["end"]) - timedelta(days=1)
    return {"first": term["start"], "last": last.isoformat()}


def _license_assigned(notice: Notice, wording: Wording) -> dict[str, Any]:
    plan: Plan | None = Plan.get_or_none(code=notice.data["plan"])
    if plan is None:
        raise domain.Deferred("the plan is not known here yet", domain.NOT_KNOWN)
    return {
        "plan": plan.name[wording.language],
        "install": plan.install[wording.language],
        "giver": None if notice.data.get("again") else wording.actor(notice.actor),
    }


def _address(notice: Notice, wording: Wording) -> dict[str, Any]:
    deadline = notice.data.get("expires_at")
    return {
        "actor": wording.actor(notice.actor),
        "email": notice.data["email"],
        "new_email": notice.data["new_email"],
        "until": wording.moment(deadline) if deadline else "",
    }


def _roles(notice: Notice, wording: Wording) -> dict[str, Any]:
    return {"actor": wording.actor(notice.actor), "changes": wording.roles(**notice.data)}


def _new_device(notice: Notice, wording: Wording) -> dict[str, Any]:
    data = notice.data
    return {
        "device": data["device"] or NOT_SAID,
        "address": data["address"] or NOT_SAID,
        "when": wording.moment(data["time"]),
    }


FACTS = {
    domain.ORDER_PAID: _order_paid,
    domain.LICENSE_ASSIGNED: _license_assigned,
    domain.ADDRESS_REQUESTED: _address,
    domain.ADDRESS_CONFIRMATION: _address,
    domain.ADDRESS_CHANGED: _address,
    domain.ROLES_CHANGED: _roles,
    domain.NEW_DEVICE: _new_device,
}
# Mails that are paragraphs of words.json and perhaps a button share their templates.
FOLDERS = dict.fromkeys(domain.KINDS[2:], "paragraphs")


@jinja2.pass_context
def _money(context: jinja2.runtime.Context, amount: int) -> str:
    said: str = context["wording"].money(amount, context["currency"])
    return said


@jinja2.pass_context
def _money_in_full(context: jinja2.runtime.Context, amount: int) -> str:
    """With the currency's code where the sign alone is that of several: $15.00 CAD."""
    said = _money(context, amount)
    return said if any(map(str.isalpha, said)) else f"{said}\N{NO-BREAK SPACE}{context['currency']}"


@jinja2.pass_context
def _plan(context: jinja2.runtime.Context, code: str) -> str:
    said: str = context["wording"].plan(code)
    return said


@jinja2.pass_context
def _day(context: jinja2.runtime.Context, day: str) -> str:
    said: str = context["wording"].date(day)
    return said


TEMPLATES.filters.update(money=_money, money_in_full=_money_in_full, plan=_plan, day=_day)


@cache
def _words(kind: str) -> dict[str, SimpleNamespace]:
    """By language; no dict, whose own methods (copy …) would hide words of the same name from templates."""
    path = resources.files("notifier").joinpath("templates", kind, "words.json")
    return {language: SimpleNamespace(**words) for language, words in json.loads(path.read_text()).items()}
