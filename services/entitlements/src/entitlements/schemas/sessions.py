"""Sessions of people who signed in at the portal."""

from marshmallow import Schema as Answer
from marshmallow import fields

from entitlements.schemas.accounts import Account
from entitlements.schemas.members import Member
from entitlements.schemas.sign_ins import EXPIRES
from kit import schema


class Session(Answer):
    id = fields.String()
    device = fields.String(allow_none=True, metadata={"description": "Browser and system in words."})
    address = fields.String(allow_none=True, metadata={"description": "Network address at the last use."})
    method = fields.String(metadata={"description": "How it began: `link` or `demo`."})
    started_at = schema.Instant()
    last_used_at = schema.Instant(metadata={"description": "Noted every five minutes at most."})
    expires_at = schema.Instant(metadata=EXPIRES)


class MemberRead(Member):
    class Meta:
        fields = ("id", "email", "name", "locale", "state", "roles", "permissions")


class SessionReading(Answer):
    account = fields.Nested(Account)
    member = fields.Nested(MemberRead)
    expires_at = schema.Instant(metadata=EXPIRES)
