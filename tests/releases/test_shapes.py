"""A shape holds all that a contract or a view says; what it could not hold is refused, never passed over."""

import pytest
from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

from releases import calls, shapes


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "object", "properties": {"kind": {"const": "card"}}},
        {"type": "array", "items": {"allOf": [{"type": "string"}]}},
    ],
)
def test_a_contract_that_cannot_be_compared_is_refused(schema):
    with pytest.raises(ValueError, match="cannot be compared"):
        shapes.of_schema(schema)


def test_what_a_name_that_is_not_listed_may_hold_is_compared():
    def features(type_):
        return shapes.of_schema({"type": "object", "additionalProperties": {"type": type_}})

    listed = shapes.of_schema({"type": "object", "properties": {"devices": {"type": "string"}}})

    assert list(shapes.differences(features("integer"), features("integer"))) == []
    assert list(shapes.differences(features("integer"), features("string"))) == [
        "* may be string, expected is integer"
    ]
    assert "devices may be string, expected is integer" in shapes.differences(features("integer"), listed)
    assert list(shapes.differences(features("integer"), {"type": ["object"]})) == [
        "* may be anything, expected is integer"
    ]


def view(unknown=EXCLUDE, **told):
    return Schema.from_dict(told)(unknown=unknown)


def test_a_view_is_as_narrow_as_it_loads():
    shape = shapes.of_view(
        view(
            unknown=RAISE,
            interval=fields.String(validate=validate.OneOf(["month", "year"]), allow_none=True),
            features=fields.Dict(values=fields.Integer()),
        )
    )

    assert shape["closed"]
    assert shape["properties"]["interval"] == {"type": ["string", "null"], "enum": ["month", "year", None]}
    assert shape["properties"]["features"] == {"type": ["object"], "values": {"type": ["integer"]}}


def test_a_view_that_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        shapes.of_view(view(seats=fields.Integer(validate=validate.Range(max=5))))


CLIENT = """
class Orders:
    def pay(self, card, coupon):
        body = {"card": card}
        if coupon:
            body["coupon"] = coupon
        return self.api.post("/v1/payments", body)
"""


def test_fields_that_are_added_to_a_body_later_are_not_overlooked(tmp_path):
    (tmp_path / "orders.py").write_text(CLIENT)

    assert [call.sends for call in calls.of(tmp_path)] == [None]
