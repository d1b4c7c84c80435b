"""JSON in and out of the notifier."""

from marshmallow import Schema, fields, validate

from kit import schema
from notifier import domain


class CsvQuery(Schema):
    """?language= of the summaries; ?type= ?actor= ?since= ?until= to see less."""

    language = fields.String(load_default=domain.LANGUAGES[0], validate=validate.OneOf(domain.LANGUAGES))
    type = schema.Text(load_default="", shortest=0)
    actor = schema.Text(load_default="", shortest=0, metadata={"description": "member:<id>, as in actor.id"})
    since = schema.Instant(load_default=None)
    until = schema.Instant(load_default=None, metadata={"description": "Not included."})


class ActivityQuery(CsvQuery, schema.PageQuery):
    """One page of them."""


class Actor(Schema):
    id = fields.String(metadata={"description": "member:<id>, service:<name> or operator:<name>"})
    name = fields.String(metadata={"description": "What the actor was called when it happened."})
    email = fields.String(
        allow_none=True,
        metadata={"description": "The e-mail address that a member had when it happened; else null."},
    )


class Activity(Schema):
    id = fields.String(metadata={"description": "The event's id."})
    time = schema.Instant()
    source = fields.String()
    type = fields.String()
    actor = fields.Nested(Actor)
    address = fields.String(allow_none=True, metadata={"description": "The network address it was done from."})
    summary = fields.String(metadata={"description": "One line in the language asked for."})
    data = fields.Dict()
    undone_at = schema.Instant(
        allow_none=True,
        metadata={"description": "When its source, restored from a backup, knew it no longer."},
    )
    unreadable = fields.Boolean(
        metadata={"description": "Its row is damaged: id and time are all that is known of it."}
    )


class NoticesQuery(Schema):
    member = schema.Id(load_default=None)
    cursor = schema.Id(load_default=None)
    limit = schema.QueryWhole(1, 500, load_default=100)


class FailedNoticesQuery(Schema):
    cause = schema.Text(load_default=None, longest=100)
    cursor = schema.Id(load_default=None)
    limit = schema.QueryWhole(1, 500, load_default=100)


class NewResends(schema.Body):
    cause = schema.Text(
        required=True,
        longest=100,
        metadata={"description": "The cause of the failed notices to send again: smtp-550-5.1.1."},
    )


class Resends(Schema):
    queued = fields.Integer(metadata={"description": "How many wait again; 500: there may be more."})


class FailedNotice(Schema):
    """Without text and subject: operators see where a mail went and why it failed."""

    id = fields.String()
    account = fields.String()
    kind = fields.String(validate=validate.OneOf(domain.KINDS))
    member_id = fields.String(attribute="member")
    to = fields.String(attribute="address", allow_none=True)
    state = fields.String(validate=validate.OneOf(domain.STATES))
    reason = fields.String(allow_none=True)
    cause = fields.String(allow_none=True)
    created_at = schema.Instant()


class Notice(Schema):
    """Until a mail is first on its way, `to`, `subject` and `text` are null."""

    id = fields.String()
    kind = fields.String(validate=validate.OneOf(domain.KINDS))
    member_id = fields.String(attribute="member")
    to = fields.String(attribute="address", allow_none=True)
    subject = fields.String(allow_none=True)
    text = fields.String(allow_none=True, metadata={"description": "As sent, without its secret link."})
    state = fields.String(validate=validate.OneOf(domain.STATES))
    reason = fields.String(allow_none=True, metadata={"description": "Why it is not sent, or not yet."})
    cause = fields.String(
        allow_none=True, metadata={"description": "The short name of the reason: smtp-550-5.1.1."}
    )
    created_at = schema.Instant()
    sent_at = schema.Instant(allow_none=True)
