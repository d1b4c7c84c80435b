"""Pools, licenses, assignments and parkings."""

from marshmallow import Schema as Answer
from marshmallow import fields, validate

from entitlements import domain
from kit import schema

PLAN = schema.Pattern(r"^[a-z][a-z0-9-]{0,29}$", error="Lower-case letters, digits and dashes, at most 30.")
STATUS = {"enum": list(domain.STATUSES), "description": "Of the subscription that pays for it."}
DATE = {"type": "string", "format": "date"}


class Seats(Answer):
    capacity = fields.Integer(metadata={"description": "assigned + free"})
    assigned = fields.Integer()
    free = fields.Integer()
    parked = fields.Integer()


class IntervalPool(Seats):
    interval = fields.String()
    status = fields.String(metadata=STATUS)


class Pool(Seats):
    plan = fields.String()
    by_interval = fields.List(fields.Nested(IntervalPool))


class LicensesQuery(schema.PageQuery):
    plan = schema.Text(longest=30, shortest=0, load_default="")
    state = fields.String(load_default="", validate=validate.OneOf(["", "free", "assigned", "parked"]))
    member = schema.Id(load_default=None)


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
    status = fields.String(metadata=STATUS)
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
    interval = fields.String(required=True, validate=validate.OneOf(domain.INTERVALS))
    seats = schema.Whole(1, 10_000, required=True)


class Parking(Answer):
    id = fields.String()
    plan = fields.String()
    interval = fields.String()
    seats = fields.Integer()
    parked = fields.Integer(metadata={"description": "All that is parked of this plan and interval."})
    parked_at = schema.Instant()
