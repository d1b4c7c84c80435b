"""May this person use that? The question and the answer."""

from marshmallow import Schema as Answer
from marshmallow import fields, validate

from kit import schema


class Entitlements(Answer):
    plan = fields.String(allow_none=True)
    status = fields.String(metadata={"enum": ["active", "none"]})
    features = fields.Dict()


class Question(schema.Body):
    account_id = schema.Id(required=True)
    member_id = schema.Id(required=True)
    feature = schema.Text(longest=60, required=True)
    amount = schema.Whole(metadata={"description": "How much of a feature with a limit."})


class Questions(schema.Body):
    checks = fields.List(fields.Nested(Question), required=True, validate=validate.Length(1, 500))


class Verdict(Answer):
    allowed = fields.Boolean()
    reason = fields.String(
        metadata={
            "description": "ok, no-license, feature-not-in-plan, limit-exceeded; in a batch also *-unknown."
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
