"""Accounts: opening one, its details."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from marshmallow import Schema as Answer
from marshmallow import ValidationError, fields

from entitlements.schemas.members import Member
from entitlements.schemas.seats import Flag
from entitlements.schemas.texts import Email, Name, locale
from kit import schema

COUNTRY = schema.Pattern(r"^[A-Z]{2}$", error="Two capital letters (ISO 3166-1).")
CURRENCY = schema.Pattern(r"^[A-Z]{3}$", error="Three capital letters (ISO 4217).")
MOST_LINES = 20
LINES = {
    "propertyNames": {"minLength": 1, "maxLength": 40},
    "maxProperties": MOST_LINES,
    "properties": {"country": {"type": "string", "pattern": COUNTRY.regex.pattern}},
}
TIME_ZONE = {"description": "A name of the IANA database.", "examples": ["America/Toronto"]}
NEW_DEVICE_MAIL = {"description": "Whether people get a mail when they sign in from a new device."}


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_time_zone(name: str) -> None:
    if name not in _time_zones():
        raise ValidationError("Not a time zone of the IANA database, e.g. America/Toronto.")


class Address(fields.Dict):
    """Lines as the business writes them; `country` and `province` decide taxes."""

    def __init__(self) -> None:
        described = {"description": self.__doc__, "examples": [{"country": "CA"}], **LINES}
        lines = schema.Text(longest=40), schema.Text(longest=200, shortest=0)
        super().__init__(*lines, validate=_few_lines, metadata=described)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        address = super()._deserialize(value, attr, data, **kwargs)
        if "country" in address and not COUNTRY.regex.fullmatch(address["country"]):
            raise ValidationError({"country": [COUNTRY.error]})
        return address


def _few_lines(address: dict[str, str]) -> None:
    if len(address) > MOST_LINES:
        raise ValidationError(f"At most {MOST_LINES} lines.")


class AccountChanges(schema.Body):
    name = Name(longest=200)
    locale = locale()
    time_zone = fields.String(validate=_is_time_zone, metadata=TIME_ZONE)
    address = Address()
    new_device_mail = Flag(metadata=NEW_DEVICE_MAIL)


class FirstAdministrator(schema.Body):
    email = Email()
    name = Name(longest=200, required=True)
    locale = locale(load_default=None)


class NewAccount(schema.Body):
    name = Name(longest=200, required=True)
    locale = locale(required=True)
    time_zone = fields.String(required=True, validate=_is_time_zone, metadata=TIME_ZONE)
    currency = fields.String(required=True, validate=CURRENCY)
    address = Address()
    first_administrator = fields.Nested(FirstAdministrator, required=True)


class Account(Answer):
    id = fields.String()
    name = fields.String()
    locale = fields.String()
    time_zone = fields.String()
    currency = fields.String()
    address = fields.Dict()
    opened_at = schema.Instant()
    new_device_mail = fields.Boolean(attribute="mails_new_devices", metadata=NEW_DEVICE_MAIL)


class OpenedAccount(Account):
    first_administrator = fields.Nested(Member)
