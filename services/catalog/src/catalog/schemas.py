"""JSON in and out of the catalog."""

from typing import Any

from marshmallow import fields, validate

from catalog import domain
from kit import schema

CODE = schema.Pattern(r"^[a-z][a-z0-9-]{0,29}$", error="Lower-case letters, digits and dashes, at most 30.")
CURRENCY = schema.Pattern(r"^[A-Z]{3}$", error="Three capital letters, as in CAD.")

NUMBER = {"type": "integer", "minimum": 0, "maximum": domain.LARGEST_NUMBER}
FEATURES = {code: {"type": "boolean"} if kind is bool else NUMBER for code, kind in domain.FEATURES.items()}


class Words(schema.Body):
    """The same text in every language."""

    en = schema.Text(longest=4000, required=True)
    fr = schema.Text(longest=4000, required=True)


class Price(schema.Body):
    currency = fields.String(required=True, validate=CURRENCY)
    interval = fields.String(required=True, validate=validate.OneOf(domain.INTERVALS))
    unit_amount = schema.Whole(
        least=0, most=10**9, required=True, metadata={"description": "Per seat and interval, minor units."}
    )


class DateText(fields.Date):
    """A calendar date, as text (2026-11-22) inside and outside."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return value

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:  # type: ignore[override]
        return super()._deserialize(value, attr, data, **kwargs).isoformat()


class PlanContent(schema.Body):
    """What a version fixes for ever."""

    family = schema.Text(
        longest=60, required=True, metadata={"description": "A member holds one license of it."}
    )
    name = fields.Nested(Words, required=True)
    summary = fields.Nested(Words, required=True)
    install = fields.Nested(Words, required=True, metadata={"description": "How to install, for the e-mail."})
    features = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"properties": FEATURES, "required": sorted(FEATURES), "additionalProperties": False},
    )
    prices = fields.List(fields.Nested(Price), required=True, metadata={"minItems": 1})
    minimum_quantity = schema.Whole(least=1, most=10_000, load_default=1)
    effective_from = DateText(required=True)
    effective_for_existing = DateText(required=True)


class Publication(PlanContent):
    code = fields.String(required=True, validate=CODE)
    rank = schema.Whole(least=1, most=1000, required=True)


class Plan(Publication):
    features = fields.Dict(metadata={"properties": FEATURES})
    status = fields.String()
    version = fields.Integer()


class Retirement(schema.Body):
    successor = fields.String(load_default=None, allow_none=True, validate=CODE)
