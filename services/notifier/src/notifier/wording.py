"""How amounts, people, plans and events are said in a language; mails and the activity log share it."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision

from kit import db
from notifier import domain
from notifier.models import Activity, Member, Plan

_PLANS = db.Statement(Plan.select(Plan.code, Plan.name))
LOCALES = {"en": "en_CA", "fr": "fr_CA"}
SUMMARIES: dict[str, dict[str, str]] = json.loads(
    resources.files("notifier").joinpath("summaries.json").read_text()
)
PLACEHOLDER = re.compile(r"\{([\w.]+)(?:\|(\w+))?\}")
NOT_SAID = "–"

WORDS = {
    "en": {
        "nobody": "Somebody",
        "service": "Seatwise",
        "operator": "An operator",
        "recipient": "A recipient",
        "parked": "%s of them not renewed",
        "undone": "%s (undone by a restore from a backup)",
        "order-paid": "receipt",
        "license-assigned": "license confirmation",
    },
    "fr": {
        "nobody": "Une personne",
        "service": "Seatwise",
        "operator": "Un opérateur",
        "recipient": "Un destinataire",
        "parked": "dont %s sans renouvellement",
        "undone": "%s (annulé par la restauration d’une sauvegarde)",
        "order-paid": "reçu",
        "license-assigned": "confirmation de licence",
    },
}

REASONS = {
    "card-declined": {"en": "the bank declined the card", "fr": "carte refusée par la banque"},
    "insufficient-funds": {"en": "not enough funds", "fr": "provision insuffisante"},
    "authentication-failed": {"en": "not confirmed at the bank", "fr": "non confirmé auprès de la banque"},
    "not-charged": {"en": "nothing was charged", "fr": "rien n’a été débité"},
    "no longer assigned": {"en": "no longer assigned", "fr": "la licence n’est plus attribuée"},
    "payment-overdue": {"en": "payment is overdue", "fr": "paiement en retard"},
    "disputed": {"en": "a payment is disputed", "fr": "un paiement est contesté"},
    "abuse": {"en": "the rules of use were broken", "fr": "les règles d’utilisation ont été enfreintes"},
    "paid": {"en": "what was due is paid", "fr": "le montant dû est payé"},
    "settled": {"en": "the matter is settled", "fr": "l’affaire est réglée"},
    "mistake": {"en": "it was a mistake", "fr": "c’était une erreur"},
    "no longer a member": {"en": "no longer a member", "fr": "ne fait plus partie du compte"},
}

STATUSES = {
    "active": {"en": "active", "fr": "actif"},
    "grace": {"en": "in its days of grace", "fr": "en délai de grâce"},
    "suspended": {"en": "suspended", "fr": "suspendu"},
}


class Wording:
    """Says things in `language`; names of members and plans come from our own copies, read once."""

    def __init__(self, language: str):
        self.language = language
        self.locale = LOCALES[language]
        self._members: dict[str, str | None] = {}
        self._plans: dict[str, str] | None = None
        self.filters: dict[str, Callable[[Any, dict[str, Any]], str]] = {
            "money": lambda amount, data: self.money(amount, data["currency"]),
            "plan": lambda code, _: self.plan(code),
            "member": lambda member_id, _: self.member(member_id),
            "lines": lambda lines, _: self.lines(lines),
            "date": lambda day, _: self.date(day),
            "reason": lambda code, _: self.reason(code),
            "status": lambda code, _: STATUSES[code][language],
            "count": lambda number, _: self.count(number),
            "mail": lambda kind, _: WORDS[language].get(kind, kind),
        }

    def money(self, amount: int, currency: str) -> str:
        """Minor units of the currency (JPY has 0 decimals, KWD 3), as people of the language write it."""
        return _money(amount, currency, self.locale)

    def count(self, number: int) -> str:
        return format_decimal(number, locale=self.locale)

    def date(self, text: str) -> str:
        """A calendar date like 2026-11-22, written out."""
        return format_date(date.fromisoformat(text), format="long", locale=self.locale)

    def plan(self, code: str) -> str:
        if self._plans is None:
            self._plans = {plan.code: plan.name[self.language] for plan in _PLANS()}
        return self._plans.get(code, code.capitalize())

    def lines(self, lines: Iterable[dict[str, Any]]) -> str:
        """3 × Eco, 1 × Pro (1 of them not renewed); a number stays on the line of its plan."""
        return ", ".join(self._line(line) for line in lines)

    def _line(self, line: dict[str, Any]) -> str:
        seats, plan = self.count(line.get("seats", line.get("quantity", 0))), self.plan(line["plan"])
        said, parked = f"{seats}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{plan}", line.get("parked")
        return f"{said} ({WORDS[self.language]['parked'] % self.count(parked)})" if parked else said

    def reason(self, code: str) -> str:
        """Why something was refused, which comes as a code."""
        return REASONS.get(code, {}).get(self.language) or code.replace("-", " ")

    def member(self, member_id: str | None) -> str:
        if member_id is not None and member_id not in self._members:
            self.know_members([member_id])
        return self._members.get(member_id or "") or WORDS[self.language]["nobody"]

    def know_members(self, member_ids: Iterable[str]) -> None:
        """Read the names that will be needed in one query instead of one by one."""
        asked = set(member_ids) - self._members.keys()
        self._members.update(dict.fromkeys(asked))
        ids = [member_id for member_id in asked if domain.is_id(member_id)]
        for member in Member.select(Member.id, Member.name).where(Member.id.in_(ids)):
            self._members[member.id] = member.name

    def actor(self, actor: str) -> str:
        """member:<id> by name; everybody else by what they are."""
        kind, _, who = actor.partition(":")
        if kind == "member":
            return self.member(who)
        return WORDS[self.language][kind if kind in ("operator", "recipient") else "service"]

    def summary(self, activity: Activity) -> str:
        """The contract's one line about an event; the type in words when the contract has none."""
        template = SUMMARIES.get(activity.type, {}).get(self.language)
        said = re.sub("[.-]", " ", activity.type).capitalize()
        if template is not None:
            said = PLACEHOLDER.sub(lambda found: self._said(activity, *found.groups()), template)
        return said if activity.undone_at is None else WORDS[self.language]["undone"] % said

    def _said(self, activity: Activity, field: str, filter_name: str | None) -> str:
        if field == "actor":
            return self.actor(activity.actor)
        value: Any = activity.data
        for name in field.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            return NOT_SAID
        if filter_name is not None:
            try:
                return self.filters[filter_name](value, activity.data)
            except (KeyError, TypeError, ValueError, AttributeError):
                return NOT_SAID  # an old event may lack what its type says today
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@lru_cache(1000)  # a mail says each amount several times
def _money(amount: int, currency: str, locale: str) -> str:
    value = Decimal(amount).scaleb(-get_currency_precision(currency))
    return format_currency(value, currency, locale=locale)


def members_of(activity: Activity) -> Iterable[str]:
    """The members that a summary of this activity may name."""
    kind, _, who = activity.actor.partition(":")
    named = (activity.data.get(field) for field in _MEMBER_FIELDS)
    return [
        *([who] if kind == "member" else []),
        *(member_id for member_id in named if isinstance(member_id, str)),
    ]


_MEMBER_FIELDS = {
    field
    for summary in SUMMARIES.values()
    for template in summary.values()
    for field, filter_name in PLACEHOLDER.findall(template)
    if filter_name == "member"
}
