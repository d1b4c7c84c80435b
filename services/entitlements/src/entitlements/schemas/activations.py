"""Activation: a code and a device in, a token out."""

from marshmallow import Schema, fields
from marshmallow import Schema as Answer

from entitlements import domain
from entitlements.schemas.seats import PLAN, Holder
from entitlements.schemas.texts import Name
from kit import schema

TEXT = {"type": "string"}


class Device(schema.Body):
    id = Name(longest=100, required=True)
    name = Name(longest=100, required=True)


class NewActivation(schema.Body):
    code = schema.Text(longest=60, required=True)
    device = fields.Nested(Device, required=True)


class NewDevice(schema.Body):
    plan = fields.String(required=True, validate=PLAN)
    device = fields.Nested(Device, required=True)


class DevicesQuery(Schema):
    plan = schema.Text(longest=30, shortest=0, load_default="", metadata={"description": "Only of this plan."})


class KnownDevice(Answer):
    id = fields.String(metadata={"description": "In addresses; the device's own is `device.id`."})
    device = fields.Function(
        lambda known: {"id": known.device_id, "name": known.name},
        metadata={"type": "object", "properties": {"id": TEXT, "name": TEXT}},
    )
    plan = fields.String(attribute="assignment.plan")
    license_id = fields.String(attribute="assignment.license_id")
    activated_at = schema.Instant()
    released_at = schema.Instant(allow_none=True)


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
