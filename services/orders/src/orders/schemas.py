"""JSON in and out of orders."""

from marshmallow import Schema, ValidationError, fields, validate

from kit import schema
from orders import domain

PLAN = schema.Pattern(r"^[a-z][a-z0-9-]{0,29}$", error="Lower-case letters, digits and dashes, at most 30.")
CURRENCY = schema.Pattern(r"^[A-Z]{3}$", error="Three capital letters, as in CAD.")
INTERVAL = validate.OneOf(tuple(domain.MONTHS))
CARD = schema.Pattern(r"^(?:[0-9][ -]?){11,18}[0-9]$", error="A card number: 12 to 19 digits.")
CURSOR = schema.Pattern(
    r"^(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})?$", error="Not a cursor of this list."
)


def each_plan_once(lines: list[dict[str, object]]) -> None:
    if len({line["plan"] for line in lines}) != len(lines):
        raise ValidationError("Each plan may stand in one line only.")


class Money(fields.Integer):
    def __init__(self, meaning: str = "Minor units of the currency.", **kwargs: object):
        super().__init__(metadata={"description": meaning}, **kwargs)  # type: ignore[arg-type]


class Price(schema.Body):
    currency = fields.String()
    interval = fields.String()
    unit_amount = Money("Per seat and interval, minor units.")


class Offer(schema.Body):
    plan = fields.String()
    rank = fields.Integer()
    version = fields.Integer()
    name = fields.Dict()
    summary = fields.Dict()
    features = fields.Dict()
    prices = fields.List(fields.Nested(Price))
    minimum_quantity = fields.Integer()


class WantedLine(schema.Body):
    plan = fields.String(required=True, validate=PLAN)
    seats = schema.Whole(least=1, most=domain.MOST_SEATS, required=True)


class Purchase(schema.Body):
    currency = fields.String(load_default=None, allow_none=True, validate=CURRENCY)


class WantedCart(Purchase):
    interval = fields.String(load_default="month", validate=INTERVAL)
    lines = fields.List(
        fields.Nested(WantedLine),
        required=True,
        validate=[validate.Length(max=domain.MOST_LINES), each_plan_once],
    )


class Cart(schema.Body):
    interval = fields.String()
    currency = fields.String()
    lines = fields.List(fields.Nested(WantedLine))
    changed_by = fields.String(allow_none=True, metadata={"description": "The member who changed it last."})
    changed_at = schema.Instant(allow_none=True)


class WantedQuote(Purchase):
    """What is not given is taken from the cart."""

    interval = fields.String(load_default=None, allow_none=True, validate=INTERVAL)
    lines = fields.List(
        fields.Nested(WantedLine),
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, domain.MOST_LINES), each_plan_once],
    )


class Line(schema.Body):
    line = fields.Integer()
    plan = fields.String()
    version = fields.Integer()
    seats = fields.Integer()
    unit_amount = Money("What one seat costs in this purchase.")
    amount = Money("seats × unit_amount")


class Term(schema.Body):
    """Dates in the account's time zone; the end does not belong to it."""

    start = fields.String()
    end = fields.String()


class Priced(schema.Body):
    id = fields.String()
    interval = fields.String()
    currency = fields.String()
    lines = fields.List(fields.Nested(Line))
    subtotal = Money()
    taxes = fields.List(fields.Dict())
    total = Money("What is charged now.")


class Quote(Priced):
    at_renewal = Money("What the whole subscription of this interval will cost at its next renewal.")
    term = fields.Nested(Term, metadata={"description": "What is paid for."})
    expires_at = schema.Instant(metadata={"description": "The end of the account's day."})


class Placement(schema.Body):
    quote_id = schema.Id(required=True)


class Order(Priced):
    number = fields.String()
    status = fields.String(validate=validate.OneOf(tuple(domain.MOVES)))
    placed_by = fields.String(metadata={"description": "The member who ordered."})
    placed_at = schema.Instant()
    paid_at = schema.Instant(allow_none=True)
    fulfilled_at = schema.Instant(allow_none=True)
    window_ends_at = schema.Instant(metadata={"description": "Until then it may be paid."})
    reason = fields.String(allow_none=True, metadata={"description": "Why the last payment was declined."})


class OrdersQuery(Schema):
    """?cursor= of the page before; ?limit= rows."""

    cursor = fields.String(load_default="", validate=CURSOR)
    limit = schema.QueryWhole(1, 500, load_default=100)


class Payment(schema.Body):
    provider = fields.String(required=True, validate=validate.OneOf(domain.PROVIDERS))
    card = fields.String(
        required=True, load_only=True, validate=CARD, metadata={"examples": ["4242424242424242"]}
    )


class PaymentHeaders(schema.Body):
    key = schema.Text(
        data_key="Idempotency-Key",
        load_default=None,
        validate=schema.Pattern(r"^[!-~]*$", error="Only visible ASCII characters."),
        metadata={"description": "Names the attempt: the same key is answered with its result."},
    )


class PaymentAnswer(schema.Body):
    status = fields.String(validate=validate.OneOf(("paid", "processing", "requires_action", "declined")))
    reason = fields.String(allow_none=True)
    action_url = fields.String(dump_default=None, allow_none=True)


class Confirmation(schema.Body):
    outcome = fields.String(required=True, validate=validate.OneOf(("accepted", "refused")))


class Item(schema.Body):
    plan = fields.String()
    version = fields.Integer()
    quantity = fields.Integer()
    unit_amount = Money("Locked, per seat and interval.")
    parked = fields.Integer(metadata={"description": "Seats that will not be renewed."})


class Subscription(schema.Body):
    id = fields.String()
    interval = fields.String()
    currency = fields.String()
    anchor = fields.String()
    term = fields.Nested(Term)
    status = fields.String()
    items = fields.List(fields.Nested(Item))
