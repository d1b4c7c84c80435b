"""JSON in and out of entitlements."""

import unicodedata
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from marshmallow import Schema as Answer
from marshmallow import ValidationError, fields, validate

from entitlements import domain
from kit import schema

LONGEST_CURSOR = 4000

PLAN = schema.Pattern(r"^[a-z][a-z0-9-]{0,29}$", error="Lower-case letters, digits and dashes, at most 30.")
COUNTRY = schema.Pattern(r"^[A-Z]{2}$", error="Two capital letters (ISO 3166-1).")
CURRENCY = schema.Pattern(r"^[A-Z]{3}$", error="Three capital letters (ISO 4217).")


TIME_ZONE = {"description": "A name of the IANA database.", "examples": ["America/Toronto"]}


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_time_zone(name: str) -> None:
    if name not in _time_zones():
        raise ValidationError("Not a time zone of the IANA database, e.g. America/Toronto.")


class Name(schema.Text):
    """One line of text, without the blanks around it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name):
            raise ValidationError("Contains a control character.")
        return name.strip()


class Email(Name):
    """An e-mail address in its one spelling."""

    def __init__(self, *, required: bool = True) -> None:
        described = {"format": "email", "examples": ["ada@acme.example"]}
        super().__init__(longest=254, required=required, metadata=described)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            return domain.address(super()._deserialize(value, attr, data, **kwargs))
        except ValueError as error:
            raise ValidationError("Not an e-mail address.") from error


class DomainName(Name):
    """A mail domain in its one spelling."""

    def __init__(self) -> None:
        described = {"format": "hostname", "examples": ["acme.example"]}
        super().__init__(longest=253, required=True, metadata=described)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            return domain.domain_name(super()._deserialize(value, attr, data, **kwargs))
        except ValueError as error:
            raise ValidationError("Not a domain like example.com.") from error


def _locale(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(domain.LOCALES), **kwargs)


def _interval(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(domain.INTERVALS), **kwargs)


def _address() -> fields.Dict:
    def check(address: dict[str, str]) -> None:
        if len(address) > 20:
            raise ValidationError("At most 20 lines.")
        if "country" in address:
            COUNTRY(address["country"])

    lines = schema.Text(longest=200, shortest=0)
    described = "Lines as the business writes them; `country` and `province` decide taxes."
    return fields.Dict(
        schema.Text(longest=40),
        lines,
        validate=check,
        metadata={"description": described, "examples": [{"country": "CA"}]},
    )


# Accounts and domains. --------------------------------------------------------------------------


class AccountChanges(schema.Body):
    name = Name(longest=200)
    locale = _locale()
    time_zone = fields.String(validate=_is_time_zone, metadata=TIME_ZONE)
    address = _address()


class FirstAdministrator(schema.Body):
    email = Email()
    name = Name(longest=200, required=True)
    locale = _locale(load_default=None)


class NewAccount(schema.Body):
    name = Name(longest=200, required=True)
    locale = _locale(required=True)
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


class NewDomain(schema.Body):
    domain = DomainName()


class Domain(Answer):
    domain = fields.String()
    state = fields.String(metadata={"enum": ["pending", "approved"]})
    added_at = schema.Instant()
    approved_at = schema.Instant(allow_none=True)


# Members. ---------------------------------------------------------------------------------------


def _roles(**kwargs: Any) -> fields.List:
    role = fields.String(validate=validate.OneOf(list(domain.ROLES)))
    return fields.List(role, validate=validate.Length(1, len(domain.ROLES)), **kwargs)


class MemberChanges(schema.Body):
    email = Email(required=False)
    name = Name(longest=200)
    locale = _locale()
    roles = _roles()


class NewMember(schema.Body):
    email = Email()
    name = Name(longest=200, required=True)
    locale = _locale(load_default=None, allow_none=True)
    roles = _roles(load_default=lambda: [domain.MEMBER])


class MembersQuery(schema.PageQuery):
    cursor = schema.Text(longest=LONGEST_CURSOR, shortest=0, load_default="")
    q = schema.Text(
        longest=100, shortest=0, load_default="", metadata={"description": "Part of a name or address."}
    )
    state = fields.String(load_default="active", validate=validate.OneOf(["active", "removed", "all"]))
    plan = schema.Text(
        longest=30, shortest=0, load_default="", metadata={"description": "A plan, or `none`: no license."}
    )


class MemberLicense(Answer):
    id = fields.String(attribute="license_id")
    plan = fields.String()
    assignment_id = fields.String(attribute="id")
    activated_at = schema.Instant(allow_none=True)


class Member(Answer):
    id = fields.String()
    email = fields.String()
    name = fields.String()
    locale = fields.String()
    state = fields.String()
    roles = fields.List(fields.String())
    permissions = fields.Function(
        lambda member: sorted(member.permissions), metadata={"type": "array", "items": {"type": "string"}}
    )
    license = fields.Nested(MemberLicense, attribute="assignment", allow_none=True)
    added_at = schema.Instant()


class OpenedAccount(Account):
    first_administrator = fields.Nested(Member)


# Seats. -----------------------------------------------------------------------------------------


class Seats(Answer):
    capacity = fields.Integer(metadata={"description": "assigned + free"})
    assigned = fields.Integer()
    free = fields.Integer()
    parked = fields.Integer()


class IntervalPool(Seats):
    interval = fields.String()


class Pool(Seats):
    plan = fields.String()
    by_interval = fields.List(fields.Nested(IntervalPool))


class LicensesQuery(schema.PageQuery):
    plan = schema.Text(longest=30, shortest=0, load_default="")
    state = fields.String(load_default="", validate=validate.OneOf(["", "free", "assigned", "parked"]))
    member = schema.Id(load_default=None)


DATE = {"type": "string", "format": "date"}


class Term(Answer):
    start = fields.String(attribute="term_start")
    end = fields.String(attribute="term_end")


class Holder(Answer):
    id = fields.String()
    name = fields.String()
    email = fields.String()


class License(Answer):
    id = fields.String()
    plan = fields.String()
    interval = fields.String()
    state = fields.String()
    member = fields.Nested(Holder, attribute="held.holder", dump_default=None, allow_none=True)
    assignment_id = fields.String(attribute="held.id", dump_default=None, allow_none=True)
    activated_at = schema.Instant(attribute="held.activated_at", dump_default=None, allow_none=True)
    order_id = fields.String()
    line = fields.Integer()
    subscription_id = fields.String()
    term = fields.Function(
        lambda license: Term().dump(license),
        metadata={"type": "object", "properties": {"start": DATE, "end": DATE}},
    )


class NewAssignment(schema.Body):
    member_id = schema.Id(required=True)
    plan = fields.String(required=True, validate=PLAN)


class Assignment(Answer):
    id = fields.String()
    license_id = fields.String()
    member_id = fields.String()
    plan = fields.String()
    assigned_at = schema.Instant()
    activated_at = schema.Instant(allow_none=True)


class NewParking(schema.Body):
    plan = fields.String(required=True, validate=PLAN)
    interval = _interval(required=True)
    seats = schema.Whole(1, 10_000, required=True)


class Parking(Answer):
    id = fields.String()
    plan = fields.String()
    interval = fields.String()
    seats = fields.Integer()
    parked = fields.Integer(metadata={"description": "All that is parked of this plan and interval."})
    parked_at = schema.Instant()


# Using. -----------------------------------------------------------------------------------------


class Entitlements(Answer):
    plan = fields.String(allow_none=True)
    status = fields.String(metadata={"enum": ["active", "none"]})
    features = fields.Dict()


class Question(schema.Body):
    account_id = schema.Id(required=True)
    member_id = schema.Id(required=True)
    feature = schema.Text(longest=60, required=True)
    amount = schema.Whole(metadata={"description": "How much of a feature with a limit."})


class Questions(schema.Body):
    checks = fields.List(fields.Nested(Question), required=True, validate=validate.Length(1, 500))


class Verdict(Answer):
    allowed = fields.Boolean()
    reason = fields.String(
        metadata={
            "description": "ok, no-license, feature-not-in-plan, limit-exceeded; in a batch also *-unknown."
        }
    )
    value = fields.Raw(
        allow_none=True, metadata={"description": "What the member's plan says about the feature."}
    )


class Answered(Verdict):
    account_id = fields.String()
    member_id = fields.String()
    feature = fields.String()


class Answers(Answer):
    items = fields.List(fields.Nested(Answered))


class Device(schema.Body):
    id = Name(longest=100, required=True)
    name = Name(longest=100, required=True)


class NewActivation(schema.Body):
    code = schema.Text(longest=60, required=True)
    device = fields.Nested(Device, required=True)


class Activation(Answer):
    token = fields.String(metadata={"description": "JWT, Ed25519, aud `activation`, good for a day."})
    license_id = fields.String(attribute="assignment.license_id")
    member_id = fields.String(attribute="assignment.member_id")
    plan = fields.String(attribute="assignment.plan")
    activated_at = schema.Instant(attribute="assignment.activated_at")


class KeySet(Answer):
    keys = fields.List(fields.Dict())


class ActivationCode(Answer):
    code = fields.Function(lambda assignment: domain.shown_code(assignment.code), metadata={"type": "string"})
    assignment_id = fields.String(attribute="id", metadata={"description": "Whose code it is, as announced."})
    activated_at = schema.Instant(allow_none=True)


class CodeHolder(Holder):
    locale = fields.String()


class CodeDescribed(Answer):
    account_name = fields.String()
    member = fields.Nested(CodeHolder)
    plan = fields.String()
    install = fields.Dict()
    activated_at = schema.Instant(allow_none=True)


# Signing in. ------------------------------------------------------------------------------------


class NewSignIn(schema.Body):
    email = Email()


class Membership(Answer):
    account_id = fields.String()
    account_name = fields.String()
    member_id = fields.String()
    name = fields.String()
    email = fields.String()
    locale = fields.String()
    counter = fields.Integer()


class Memberships(Answer):
    items = fields.List(fields.Nested(Membership))


class LinkUse(schema.Body):
    counter = schema.Whole(0, 2**31 - 2, required=True)


class SignedIn(Answer):
    account_id = fields.String()
    member = fields.Nested(Member)
