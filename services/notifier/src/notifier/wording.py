"""How amounts, people, plans and events are said in a language; mails and the activity log share it."""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from operator import itemgetter
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, get_currency_precision

from kit import db
from notifier import domain
from notifier.models import Activity, Member, MemberName, Plan

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
        "unreadable": "This entry cannot be read. Please give its number to support.",
        "undone": "%s (undone by a restore from a backup)",
        "given": "Given: %s.",
        "taken": "Taken away: %s.",
        "order-paid": "receipt",
        "license-assigned": "license confirmation",
        "address-requested": "warning about a new e-mail address",
        "address-confirmation": "request to confirm a new e-mail address",
        "address-changed": "notice of a changed e-mail address",
        "roles-changed": "notice of changed roles",
        "new-device": "notice of a sign-in from a new device",
    },
    "fr": {
        "nobody": "Une personne",
        "service": "Seatwise",
        "operator": "Un opérateur",
        "recipient": "Un destinataire",
        "parked": "dont %s sans renouvellement",
        "unreadable": "Cette entrée est illisible. Communiquez son numéro à l’assistance.",
        "undone": "%s (annulé par la restauration d’une sauvegarde)",
        "given": "Attribué\u00a0: %s.",
        "taken": "Retiré\u00a0: %s.",
        "order-paid": "reçu",
        "license-assigned": "confirmation de licence",
        "address-requested": "avertissement sur une nouvelle adresse de courriel",
        "address-confirmation": "demande de confirmation d’une nouvelle adresse de courriel",
        "address-changed": "avis de changement d’adresse de courriel",
        "roles-changed": "avis de changement de rôles",
        "new-device": "avis de connexion depuis un nouvel appareil",
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
    "no longer requested": {"en": "no longer requested", "fr": "la demande n’est plus valable"},
    "used": {"en": "the link was used already", "fr": "le lien a déjà été utilisé"},
    "expired": {"en": "the link is too old", "fr": "le lien est trop ancien"},
    "unknown-member": {"en": "no longer a member", "fr": "ne fait plus partie du compte"},
    "address-changed": {"en": "the e-mail address changed", "fr": "l’adresse courriel a changé"},
    "too-many-links": {"en": "too many links were asked for", "fr": "trop de liens ont été demandés"},
    "signed-out": {"en": "they signed out", "fr": "déconnexion demandée"},
    "ended": {"en": "the session was ended", "fr": "la session a été fermée"},
    "everywhere": {"en": "signed out everywhere", "fr": "déconnexion partout"},
    "replaced": {"en": "replaced by a later sign-in", "fr": "remplacée par une connexion ultérieure"},
    "removed": {"en": "removed from the account", "fr": "retrait du compte"},
    "restored": {"en": "a backup was restored", "fr": "une sauvegarde a été restaurée"},
    "no longer a member": {"en": "no longer a member", "fr": "ne fait plus partie du compte"},
}

ROLES = {
    "administrator": {"en": "administrator", "fr": "administrateur"},
    "purchaser": {"en": "purchaser", "fr": "acheteur"},
    "people-manager": {"en": "people manager", "fr": "gestionnaire des utilisateurs"},
    "auditor": {"en": "auditor", "fr": "auditeur"},
}

STATUSES = {
    "active": {"en": "active", "fr": "actif"},
    "grace": {"en": "in its days of grace", "fr": "en délai de grâce"},
    "suspended": {"en": "suspended", "fr": "suspendu"},
}


class Wording:
    """Says things in `language`; names of members and plans come from our own copies, read once.

    A summary names people as they were called when it happened; mails name them as of now.
    """

    def __init__(self, language: str):
        self.language = language
        self.locale = LOCALES[language]
        self._names: dict[str, list[tuple[int, str, str]]] = {}  # member → (since, name, address), in order
        self._at: int | None = None  # the instant as of which people are named; None: now
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

    def moment(self, text: str) -> str:
        """Write an instant out, in UTC."""
        instant = datetime.fromisoformat(text).astimezone(UTC)
        return f"{format_datetime(instant, 'long', tzinfo=UTC, locale=self.locale)}"

    def roles(self, given: list[str], taken: list[str]) -> str:
        """Say which roles were given and which were taken away."""
        parts = [(word, codes) for word, codes in (("given", given), ("taken", taken)) if codes]
        names = {code: ROLES.get(code, {}).get(self.language, code) for code in (*given, *taken)}
        words = WORDS[self.language]
        return " ".join(words[word] % ", ".join(names[code] for code in codes) for word, codes in parts)

    def member(self, member_id: str | None) -> str:
        name, _ = self._person(member_id)
        return name or WORDS[self.language]["nobody"]

    def _person(self, member_id: str | None) -> tuple[str | None, str | None]:
        """Return name and address as of `_at`: a person's first ones count for the time before."""
        if member_id is None:
            return None, None
        if member_id not in self._names:
            self.know_members([member_id])
        names = self._names[member_id]
        if not names:
            return None, None
        past = len(names) if self._at is None else bisect_right(names, self._at, key=itemgetter(0))
        return names[max(past - 1, 0)][1:]

    def know_members(self, member_ids: Iterable[str]) -> None:
        """Read the names that will be needed at once instead of one by one."""
        asked = set(member_ids) - self._names.keys()
        self._names.update({member_id: [] for member_id in asked})
        ids = [member_id for member_id in asked if domain.is_id(member_id)]
        for row in (
            MemberName.select().where(MemberName.member.in_(ids)).order_by(MemberName.since, MemberName.id)
        ):
            self._names[row.member].append((row.since, row.name, row.email))
        unnamed = [member_id for member_id in ids if not self._names[member_id]]
        for member in Member.select().where(Member.id.in_(unnamed)) if unnamed else ():
            self._names[member.id] = [(0, member.name, member.email)]

    def actor(self, actor: str) -> str:
        """member:<id> by name; everybody else by what they are."""
        kind, _, who = actor.partition(":")
        if kind == "member":
            return self.member(who)
        return WORDS[self.language][kind if kind in ("operator", "recipient") else "service"]

    def unreadable(self) -> str:
        return WORDS[self.language]["unreadable"]

    def actor_at(self, activity: Activity) -> dict[str, str | None]:
        """Return id, name and e-mail address that the actor had when it happened."""
        self._at = activity.time
        kind, _, who = activity.actor.partition(":")
        email = self._person(who)[1] if kind == "member" else None
        return {"id": activity.actor, "name": self.actor(activity.actor), "email": email}

    def summary(self, activity: Activity) -> str:
        """The contract's one line about an event; the type in words when the contract has none."""
        self._at = activity.time
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
            except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
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
