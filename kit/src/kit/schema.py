"""JSON in and out: marshmallow fields that refuse what a database or a reader would choke on."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from kit import clock

LARGEST = 2**53 - 1  # what every JSON reader holds exactly


def is_text(text: str) -> bool:
    """Return whether both databases hold it: no NUL, no lone surrogate."""
    return "\x00" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


class Body(Schema):
    """A JSON object; unknown fields are refused by name."""

    class Meta:
        unknown = RAISE


class Text(fields.String):
    """Text without NUL and lone surrogates, which PostgreSQL refuses; `longest` in characters."""

    def __init__(self, longest: int = 200, shortest: int = 1, **kwargs: Any):
        given = kwargs.pop("validate", [])
        more = given if isinstance(given, list) else [given]
        super().__init__(validate=[validate.Length(shortest, longest), *more], **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not is_text(text):
            raise ValidationError("Contains a character that is not text (NUL or a lone surrogate).")
        return text


class Pattern(validate.Regexp):
    """All of the text matches `^…$`, which is what JSON Schema means; Python's $ lets a line break follow."""

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


class QueryWhole(fields.Integer):
    """A whole number in a query string, where everything is text."""

    def __init__(self, least: int = 0, most: int = LARGEST, **kwargs: Any):
        super().__init__(validate=validate.Range(least, most), **kwargs)


class Whole(QueryWhole):
    """A whole number, written 5 or 5.0; 5.5, "5" and true are refused, and what JSON readers cannot hold."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
            raise self.make_error("invalid", input=value)
        return int(value)


class Instant(fields.DateTime):
    """Microseconds UTC inside, RFC 3339 outside."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else clock.to_text(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:  # type: ignore[override]
        try:
            return clock.from_text(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValidationError("Not an RFC 3339 instant with a time zone.") from error


class Id(fields.UUID):
    """A UUID, as text inside."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:  # type: ignore[override]
        return str(super()._deserialize(value, attr, data, **kwargs))


class Problem(Schema):
    """RFC 9457: what was refused and by which rule."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    code = fields.String(metadata={"description": "Stable name of the rule that refused."})
    detail = fields.String()
    errors = fields.List(fields.Dict(), metadata={"description": "One {field, rule} per bad field."})


def page_of(item: type[Schema]) -> Schema:
    """The answer {"items": […], "next": cursor or null}."""
    shape: dict[str, fields.Field] = {
        "items": fields.List(fields.Nested(item)),
        "next": fields.String(allow_none=True),
    }
    return Schema.from_dict(shape, name=f"{item.__name__}Page")()


class PageQuery(Schema):
    """?cursor= of the page before; ?limit= rows."""

    cursor = Text(load_default="", shortest=0)
    limit = QueryWhole(1, 500, load_default=100)
