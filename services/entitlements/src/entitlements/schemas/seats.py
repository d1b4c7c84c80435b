"""Pools, licenses, assignments and parkings."""

from typing import Any

from marshmallow import Schema as Answer
from marshmallow import fields, validate

from entitlements import domain
from kit import schema

PLAN = schema.Pattern(r"^[a-z][a-z0-9-]{0,29}$", error="Lower-case letters, digits and dashes, at most 30.")
STATUS = {"enum": list(domain.STATUSES), "description": "Of the subscription that pays for it."}
MOST_ROWS = 10_000
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


class Flag(fields.Boolean):
    """true or false, and nothing that stands for them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class NewBulkAssignment(schema.Body):
    plan = fields.String(required=True, validate=PLAN)
    members = fields.List(
        schema.Text(longest=254),
        required=True,
        validate=validate.Length(1, MOST_ROWS),
        metadata={
            "description": "Ids or e-mail addresses, also as `Ada <ada@acme.example>`. Each counts once."
        },
    )
    mode = fields.String(
        load_default=domain.BEST_EFFORT,
        validate=validate.OneOf([domain.ATOMIC, domain.BEST_EFFORT]),
        metadata={"description": "Whether all get a license or nobody does, or whoever can gets one."},
    )
    dry_run = Flag(load_default=False, metadata={"description": "Only say what would happen."})


class BulkAssigned(Answer):
    member = fields.String(attribute="asked", metadata={"description": "As it stands in the list."})
    verdict = fields.String(
        metadata={
            "description": "assigned; held: they had one of this plan; repeated: they stand above; or the rule"
            " that refuses: no-free-license, subscription-not-active, already-licensed, member-removed,"
            " member-unknown."
        }
    )
    member_id = fields.String(attribute="taker.id", dump_default=None, allow_none=True)
    assignment_id = fields.String(attribute="holding.id", dump_default=None, allow_none=True)
    license_id = fields.String(attribute="holding.license_id", dump_default=None, allow_none=True)


class BulkAssignment(Answer):
    items = fields.List(fields.Nested(BulkAssigned))


class NewReminders(schema.Body):
    members = fields.List(
        schema.Id(),
        load_default=None,
        validate=validate.Length(1, domain.MOST_REMINDERS),
        metadata={"description": "Ids; left out: the 100 who wait longest and have not activated."},
    )


class Reminder(Answer):
    member_id = fields.String()
    verdict = fields.String(
        validate=validate.OneOf([domain.REMINDED, domain.NO_LICENSE, domain.REMINDED_RECENTLY]),
        metadata={"description": "reminded-recently: the last one is less than ten minutes ago."},
    )


class Reminders(Answer):
    items = fields.List(fields.Nested(Reminder))


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
