"""How templates say things: money, instants, plans, states, features."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from flask import Flask
from flask_babel import format_currency as babel_currency
from flask_babel import (
    format_date,
    format_datetime,
    format_decimal,
    format_number,
    get_locale,
    gettext,
    ngettext,
)

from portal import session
from portal.language import select_time_zone, words


def money(amount: int, currency: str) -> str:
    """Minor units as people write them: 4500 CAD is $45.00 or 45,00 $."""
    value = Decimal(amount).scaleb(-get_currency_precision(currency))
    return str(babel_currency(value, currency))


def money_in_full(amount: int, currency: str) -> str:
    """With the currency's code where the sign alone is that of several: $45.00 CAD."""
    said = money(amount, currency)
    return said if any(map(str.isalpha, said)) else f"{said}\N{NO-BREAK SPACE}{currency}"


def seats(number: int, plan: str) -> str:
    """3 × Eco, which no line end divides."""
    return f"{number}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{plan_name(plan)}"


def told(lines: dict[str, int]) -> str:
    """Seats by plan: 3 × Eco, 1 × Pro."""
    return ", ".join(seats(number, plan) for plan, number in lines.items()) or gettext("nothing")


def moment(text: str | None, format: str = "medium") -> str:
    """An RFC 3339 instant in the account's time zone."""
    if not text:
        return ""
    form = "d MMM yyyy, HH:mm" if str(get_locale()).startswith("fr") else "MMM d, yyyy, h:mm a"
    try:
        return str(format_datetime(datetime.fromisoformat(text), form if format == "medium" else format))
    except (ValueError, OverflowError):
        return text  # no instant that the account's time zone can show


def day(text: str | None) -> str:
    """A date (2026-11-22), which has no time zone."""
    return str(format_date(date.fromisoformat(text), "long", rebase=False)) if text else ""


def plan_name(code: str) -> str:
    """The plan's name from the catalog; its code while the catalog was never readable."""
    plan = session.services().catalog.plan(code)
    return words(plan["name"]) if plan else code.replace("-", " ").capitalize()


def per(interval: str) -> str:
    return gettext("per user a year") if interval == "year" else gettext("per user a month")


def interval_name(interval: str) -> str:
    return gettext("yearly") if interval == "year" else gettext("monthly")


def role_name(role: str) -> str:
    names = {
        "administrator": gettext("Administrator"),
        "purchaser": gettext("Purchaser"),
        "people-manager": gettext("People manager"),
        "auditor": gettext("Auditor"),
        "member": gettext("Member"),
    }
    return names.get(role, role)


def role_effect(role: str) -> str:
    """What a role lets a person do, in a few words."""
    effects = {
        "administrator": gettext("Everything: buying, people, licenses, roles and the activity log."),
        "purchaser": gettext("Buys licenses and sees orders."),
        "people-manager": gettext("Adds and removes people and gives them licenses."),
        "auditor": gettext("Reads the activity log."),
        "member": gettext("Uses a license; sees only their own page."),
    }
    return effects.get(role, "")


def not_active(pools: dict[str, Any]) -> list[tuple[str, str]]:
    """(interval, status) of the subscriptions that are in grace or suspended."""
    parts = [part for pool in pools.values() for part in pool["by_interval"]]
    stands = {(part["interval"], part.get("status", "active")) for part in parts}
    return sorted((interval, status) for interval, status in stands if status != "active")


def standing(status: str, interval: str) -> str:
    """What that means for the people of the account."""
    if status == "suspended":
        return gettext(
            "The %(interval)s subscription of your organization is suspended. Nobody can use its licenses "
            "until it is restored; then everything is as before, for the same people.",
            interval=interval_name(interval),
        )
    return gettext(
        "The %(interval)s subscription of your organization is in its days of grace. Everybody goes on as "
        "before, but until it is restored nothing can be bought and nobody new gets a license.",
        interval=interval_name(interval),
    )


def license_status(status: str) -> str:
    return {"grace": gettext("In its days of grace"), "suspended": gettext("Suspended")}.get(status, "")


def member_state(state: str) -> str:
    names = {"active": gettext("Active"), "invited": gettext("Invited"), "removed": gettext("Removed")}
    return names.get(state, state)


def order_status(status: str) -> str:
    names = {
        "awaiting_payment": gettext("Waiting for payment"),
        "requires_action": gettext("Waiting for your confirmation"),
        "processing": gettext("Payment in progress"),
        "paid": gettext("Paid"),
        "fulfilled": gettext("Licenses ready"),
        "expired": gettext("Expired"),
        "failed": gettext("Failed"),
        "canceled": gettext("Canceled"),
        "refunded": gettext("Refunded"),
    }
    return names.get(status, status)


FEATURES = ("attachments.max_mb", "signatures.max_signers", "retrieval", "own_address", "devices.max")


def features(offered: dict[str, Any]) -> list[tuple[str, bool]]:
    """What a plan says about every feature, known ones first: (words, whether it is included)."""
    codes = sorted(offered, key=lambda code: FEATURES.index(code) if code in FEATURES else len(FEATURES))
    return [(_feature(code, offered[code]), bool(offered[code])) for code in codes]


def _feature(code: str, value: Any) -> str:
    names = {
        "attachments.max_mb": gettext("Attachments"),
        "signatures.max_signers": gettext("Signatures on documents"),
        "retrieval": gettext("Taking messages back"),
        "own_address": gettext("Sending from your own address"),
    }
    if not value or value is True:
        return names.get(code, code)
    if code == "attachments.max_mb":
        size = _size(value)
        return gettext("Attachments up to %(size)s", size=size)
    if code == "signatures.max_signers":
        return ngettext("%(num)s signature on a document", "Up to %(num)s signers on a document", value)
    if code == "devices.max":
        return ngettext("%(num)s device for each person", "%(num)s devices for each person", value)
    return f"{names.get(code, code)}: {value}"


def _size(megabytes: int) -> str:
    if megabytes < 1024:
        return gettext("%(n)s MB", n=format_number(megabytes))
    return gettext("%(n)s GB", n=format_decimal(Decimal(megabytes) / 1024))


def notice_kind(kind: str) -> str:
    names = {
        "order-paid": gettext("Receipt"),
        "license-assigned": gettext("License confirmation"),
        "address-requested": gettext("Warning about a new address"),
        "address-confirmation": gettext("Link to confirm a new address"),
        "address-changed": gettext("New address took effect"),
        "roles-changed": gettext("Changed roles"),
        "new-device": gettext("Sign-in from a new device"),
    }
    return names.get(kind, kind)


def notice_state(state: str) -> str:
    names = {"sent": gettext("Sent"), "failed": gettext("Failed")}
    return names.get(state, gettext("On its way"))


def clock_time(moment: datetime, zone: str) -> str:
    return str(format_datetime(moment.astimezone(ZoneInfo(zone)), "HH:mm", rebase=False))


def possible_at(seconds: float) -> str:
    """The minute that begins at least so many seconds from now, in the zone of the page's account."""
    moment, zone = datetime.now(UTC) + timedelta(seconds=seconds + 59), select_time_zone()
    return clock_time(moment, zone) if zone else f"{clock_time(moment, 'UTC')} (UTC)"


def install(app: Flask) -> None:
    """Make these available in every template, under their own names."""
    said = (money, moment, day, plan_name, per, interval_name, role_name, role_effect, member_state)
    more = (
        not_active,
        standing,
        license_status,
        order_status,
        features,
        notice_kind,
        notice_state,
        words,
        money_in_full,
        seats,
        told,
    )
    app.jinja_env.filters.update({function.__name__: function for function in (*said, *more)})
