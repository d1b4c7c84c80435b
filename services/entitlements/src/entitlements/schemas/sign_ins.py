"""Signing in by a mailed link."""

from marshmallow import Schema as Answer
from marshmallow import fields

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


class SignedIn(Answer):
    account_id = fields.String()
    member = fields.Nested(Member)
