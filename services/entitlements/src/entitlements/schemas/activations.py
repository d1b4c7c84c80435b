"""Activation: a code and a device in, a token out."""

from marshmallow import Schema as Answer
from marshmallow import fields

from entitlements import domain
from entitlements.schemas.seats import Holder
from entitlements.schemas.texts import Name
from kit import schema


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
    account_time_zone = fields.String()
    member = fields.Nested(CodeHolder)
    plan = fields.String()
    install = fields.Dict()
    activated_at = schema.Instant(allow_none=True)
