"""The log over HTTP, straight from the tables: it answers with the broker and the relay down."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from kit import auth, clock, outbox, schema, web

blueprint = web.Blueprint("events", __name__, description="What this service says, in order")


class EventsQuery(Schema):
    subject = schema.Text(required=True)
    after = schema.QueryWhole(load_default=0)
    limit = schema.QueryWhole(1, 500, load_default=50)


class StreamsQuery(Schema):
    since = schema.Instant(load_default=0)
    cursor = schema.Text(load_default="", shortest=0)


class StreamHead(Schema):
    subject = fields.String()
    head = fields.Integer()
    id = fields.String(attribute="last")


class Streams(Schema):
    items = fields.List(fields.Nested(StreamHead))
    next = fields.String(allow_none=True)
    now = schema.Instant(metadata={"description": "This service's clock when it began to look."})


class Events(Schema):
    items = fields.List(fields.Dict(), metadata={"description": "CloudEvents 1.0 envelopes"})


@blueprint.get("/v1/events")
@auth.allow("events:read")
@blueprint.arguments(EventsQuery, location="query")
@blueprint.alt_response(200, schema=Events, success=True)
def events(query: dict[str, Any]) -> Response:
    """What was said about one subject after a sequence number, in order."""
    envelopes = outbox.events_after(query["subject"], query["after"], query["limit"])
    return Response(f'{{"items":[{",".join(envelopes)}]}}', content_type="application/json")


STREAMS_PAGE = 500


@blueprint.get("/v1/streams")
@auth.allow("events:read")
@blueprint.arguments(StreamsQuery, location="query")
@blueprint.response(200, Streams)
def streams(query: dict[str, Any]) -> dict[str, Any]:
    """The heads that moved since an instant of this service's clock."""
    began = clock.now()
    moved = outbox.streams_moved(query["since"], query["cursor"], STREAMS_PAGE)
    return {"items": moved, "next": moved[-1].subject if len(moved) == STREAMS_PAGE else None, "now": began}
