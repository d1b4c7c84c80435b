"""Members: adding, changing and finding them, each with the license they hold."""

from typing import Any

from marshmallow import Schema as Answer
from marshmallow import fields, validate

from entitlements import domain
from entitlements.schemas.seats import STATUS
from entitlements.schemas.texts import Email, Name, locale
from kit import schema

LONGEST_CURSOR = 4000


def _roles(**kwargs: Any) -> fields.List:
    role = fields.String(validate=validate.OneOf(list(domain.ROLES)))
    return fields.List(role, validate=validate.Length(1, len(domain.ROLES)), **kwargs)


class MemberChanges(schema.Body):
    email = Email(required=False)
    name = Name(longest=200)
    locale = locale()
    roles = _roles()


class NewMember(schema.Body):
    email = Email()
    name = Name(longest=200, required=True)
    locale = locale(load_default=None, allow_none=True)
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
    status = fields.String(metadata=STATUS)
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
    pending_email = fields.String(
        attribute="address_change.email",
        dump_default=None,
        allow_none=True,
        metadata={"description": "A new address that has not confirmed yet; null: none."},
    )
    pending_until = schema.Instant(
        attribute="address_change.expires_at",
        dump_default=None,
        allow_none=True,
        metadata={"description": "Until when the new address can confirm; null: none waits."},
    )
    added_at = schema.Instant()


class AddressLink(Answer):
    change_id = fields.String(metadata={"description": "The request that the link confirms."})
    token = fields.String(metadata={"description": "The last part of the link; a secret."})


class AddressToken(schema.Body):
    token = schema.Text(
        longest=2000, required=True, metadata={"description": "The last part of the mailed link."}
    )


class AddressChange(Answer):
    account_id = fields.String()
    account_name = fields.String(attribute="account.name")
    member_id = fields.String()
    name = fields.String(attribute="member.name")
    email = fields.String(metadata={"description": "The new address."})
