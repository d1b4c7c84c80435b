"""Signing in by a mailed link."""

from marshmallow import Schema as Answer
from marshmallow import fields, validate

from entitlements.schemas.members import Member
from entitlements.schemas.texts import Email, Name
from kit import schema

BROWSER = {"description": "An id that the browser keeps; it only tells whether the browser is known."}
DEVICE = {"description": "Browser and system in words.", "examples": ["Firefox, Linux"]}
EXPIRES = {"description": "When the session ends by itself."}


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


class FromBrowser(schema.Body):
    """Where a person signs in."""

    browser = schema.Text(longest=100, load_default=None, allow_none=True, metadata=BROWSER)
    device = Name(longest=100, load_default=None, allow_none=True, metadata=DEVICE)


class LinkUse(FromBrowser):
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
    session_id = fields.String()
    started_at = schema.Instant()
    expires_at = schema.Instant(metadata=EXPIRES)
