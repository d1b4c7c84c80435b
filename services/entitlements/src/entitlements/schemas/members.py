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
    added_at = schema.Instant()
