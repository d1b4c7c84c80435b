"""May this person use that? The question and the answer."""

from marshmallow import Schema, fields, validate
from marshmallow import Schema as Answer

from kit import schema

LONGEST_BATCH = 500


class Entitlements(Answer):
    plan = fields.String(allow_none=True)
    status = fields.String(metadata={"enum": ["active", "grace", "suspended", "none"]})
    features = fields.Dict()


class Question(schema.Body):
    account_id = schema.Id(required=True)
    member_id = schema.Id(required=True)
    feature = schema.Text(longest=60, required=True)
    amount = schema.Whole(metadata={"description": "How much of a feature with a limit."})


class Questions(schema.Body):
    checks = fields.List(fields.Nested(Question), required=True, validate=validate.Length(1, LONGEST_BATCH))


class Verdict(Answer):
    allowed = fields.Boolean()
    reason = fields.String(
        metadata={
            "description": "ok, grace, suspended, no-license, feature-not-in-plan, limit-exceeded;"
            " in a batch also *-unknown."
        }
    )
    value = fields.Raw(
        allow_none=True, metadata={"description": "What the member's plan says about the feature."}
    )


class Answered(Verdict):
    account_id = fields.String()
    member_id = fields.String()
    feature = fields.String()


class Answers(Answer):
    items = fields.List(fields.Nested(Answered))


class SnapshotQuery(Schema):
    account = schema.Id(load_default=None)
    cursor = schema.Text(longest=400, load_default="", shortest=0)


class Grant(Answer):
    plan = fields.String()
    rank = fields.Integer(metadata={"description": "The place of the plan, from lower to higher."})
    status = fields.String(metadata={"enum": ["active", "grace", "suspended"]})
    features = fields.Dict()


class Holders(Answer):
    grant = fields.Integer(metadata={"description": "Which of this page's grants, counted from 0."})
    members = fields.List(fields.String())


class AccountHeld(Answer):
    account_id = fields.String()
    sequence = fields.Integer(
        metadata={"description": "Of the last event that is in here; follow those after it."}
    )
    id = fields.String(metadata={"description": "Of that event."})
    at = schema.Instant(metadata={"description": "When that event was."})
    holders = fields.List(fields.Nested(Holders))


class Snapshot(Answer):
    grants = fields.List(fields.Nested(Grant))
    items = fields.List(
        fields.Nested(AccountHeld),
        metadata={"description": "An account may go on in the next page; then the sequence told first counts."},
    )
    next = fields.String(allow_none=True)
