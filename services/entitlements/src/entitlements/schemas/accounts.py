"""Accounts: opening one, its details."""

from functools import cache
from zoneinfo import available_timezones

from marshmallow import Schema as Answer
from marshmallow import ValidationError, fields

from entitlements.schemas.members import Member
from entitlements.schemas.texts import Email, Name, locale
from kit import schema

COUNTRY = schema.Pattern(r"^[A-Z]{2}$", error="Two capital letters (ISO 3166-1).")
CURRENCY = schema.Pattern(r"^[A-Z]{3}$", error="Three capital letters (ISO 4217).")
TIME_ZONE = {"description": "A name of the IANA database.", "examples": ["America/Toronto"]}


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_time_zone(name: str) -> None:
    if name not in _time_zones():
        raise ValidationError("Not a time zone of the IANA database, e.g. America/Toronto.")


def _address() -> fields.Dict:
    def check(address: dict[str, str]) -> None:
        if len(address) > 20:
            raise ValidationError("At most 20 lines.")
        if "country" in address:
            COUNTRY(address["country"])

    described = "Lines as the business writes them; `country` and `province` decide taxes."
    return fields.Dict(
        schema.Text(longest=40),
        schema.Text(longest=200, shortest=0),
        validate=check,
        metadata={"description": described, "examples": [{"country": "CA"}]},
    )


class AccountChanges(schema.Body):
    name = Name(longest=200)
    locale = locale()
    time_zone = fields.String(validate=_is_time_zone, metadata=TIME_ZONE)
    address = _address()


class FirstAdministrator(schema.Body):
    email = Email()
    name = Name(longest=200, required=True)
    locale = locale(load_default=None)


class NewAccount(schema.Body):
    name = Name(longest=200, required=True)
    locale = locale(required=True)
    time_zone = fields.String(required=True, validate=_is_time_zone, metadata=TIME_ZONE)
    currency = fields.String(required=True, validate=CURRENCY)
    address = _address()
    first_administrator = fields.Nested(FirstAdministrator, required=True)


class Account(Answer):
    id = fields.String()
    name = fields.String()
    locale = fields.String()
    time_zone = fields.String()
    currency = fields.String()
    address = fields.Dict()
    opened_at = schema.Instant()


class OpenedAccount(Account):
    first_administrator = fields.Nested(Member)
