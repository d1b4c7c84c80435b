"""Signing in by a mailed link."""

from marshmallow import Schema as Answer
from marshmallow import fields, validate

from entitlements.schemas.members import Member
from entitlements.schemas.texts import Email
from kit import schema


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


class Refused(schema.Body):
    member_id = schema.Id(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["sign-in", "permission"]))
    reason = fields.String(
        load_default="expired",
        validate=validate.OneOf(["expired", "used", "address-changed"]),
        metadata={"description": "Why the link was refused."},
    )
    route = schema.Text(load_default="", shortest=0, metadata={"description": "Method and path template."})
    needed = fields.List(
        schema.Text(longest=40),
        load_default=list,
        validate=validate.Length(0, 10),
        metadata={"description": "Permissions of which one would have been enough."},
    )


class SignedIn(Answer):
    account_id = fields.String()
    member = fields.Nested(Member)
