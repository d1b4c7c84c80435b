"""Streams that stopped, for operators: which they are, let them try again, step over an event; audited."""

from typing import Any

import peewee
from marshmallow import Schema, fields, validate

from kit import auth, clock, context, db, schema, web
from kit.cursors import CHANGED, MOVING, Cursor, stopped
from kit.errors import not_found, refuse


class StreamAct(db.Table):
    """What an operator did to a stopped stream; kept."""

    id = db.Id(primary_key=True)
    at = db.Instant()
    actor = peewee.TextField()
    act = peewee.TextField()
    source = peewee.TextField()
    subject = peewee.TextField()
    event_id = db.Id()
    reason = peewee.TextField()


def act(verb: str, source: str, subject: str, reason: str, event_id: str | None = None) -> StreamAct:
    """`retry` the event at which the stream stopped, or `skip` it, for that reason; refused while it runs.

    With `event_id` only that one: the stream may have moved on meanwhile and stand at another.
    """
    with db.atomic():
        here = Cursor.of(source, subject) & Cursor.stopped.is_null(False)
        cursor = db.locked(Cursor.select().where(here)).first() or not_found("stopped stream")
        if event_id not in (None, cursor.event["id"]):
            refuse("stream-moved", "The stream stands at another event by now.", event_id=cursor.event["id"])
        if verb == "skip" and cursor.stopped == CHANGED:
            refuse("history-changed", "What its source tells no longer cannot be stepped over: use rewind.")
        step = {"sequence": cursor.event["sequence"], "last": cursor.event["id"]} if verb == "skip" else {}
        Cursor.update(**MOVING, **step).where(here).execute()
        return keep(verb, cursor, cursor.event["id"], reason)


def keep(verb: str, cursor: Cursor, event_id: str, reason: str) -> StreamAct:
    """Who did that to the stream, and why."""
    done = {"act": verb, "source": cursor.source, "subject": cursor.subject, "reason": reason}
    who = {"id": clock.new_id(), "at": clock.now(), "actor": context.current().actor}
    return StreamAct.create(event_id=event_id, **done, **who)


class StoppedStream(Schema):
    source = fields.String()
    subject = fields.String()
    sequence = fields.Integer(metadata={"description": "Of the last event that took effect."})
    stopped = fields.String(metadata={"description": "Why."})
    stopped_by = fields.String(metadata={"description": "The release that gave up."})
    event = fields.Dict(metadata={"description": "The event that does not take effect."})


class WantedAct(schema.Body):
    act = schema.Text(required=True, validate=validate.OneOf(("retry", "skip")))
    source = schema.Text(required=True)
    subject = schema.Text(required=True)
    event_id = schema.Id(
        load_default=None, metadata={"description": "The event that is meant; refused at another."}
    )
    reason = schema.Text(longest=500, required=True)


class Act(WantedAct):
    id = fields.String()
    act = schema.Text(validate=validate.OneOf(("retry", "skip", "rewind")))
    at = schema.Instant()
    actor = fields.String()
    event_id = schema.Id()


class ActsQuery(Schema):
    cursor = schema.Id(load_default=None)
    limit = schema.QueryWhole(1, 500, load_default=100)


blueprint = web.Blueprint("streams", __name__, description="What stopped and waits for an operator")


@blueprint.get("/v1/stopped-streams")
@auth.allow("streams:write")
@blueprint.response(200, schema.page_of(StoppedStream))
def list_stopped_streams() -> dict[str, Any]:
    """Every stopped stream, with the reason and the event at which it stands."""
    return {"items": stopped(), "next": None}


@blueprint.get("/v1/stream-acts")
@auth.allow("streams:write")
@blueprint.arguments(ActsQuery, location="query")
@blueprint.response(200, schema.page_of(Act))
def list_stream_acts(query: dict[str, Any]) -> dict[str, Any]:
    """Who let which stream try again or step over an event, and why; newest first."""
    older = StreamAct.id < query["cursor"] if query["cursor"] else True
    found = list(StreamAct.select().where(older).order_by(StreamAct.id.desc()).limit(query["limit"]))
    return {"items": found, "next": found[-1].id if len(found) == query["limit"] else None}


@blueprint.post("/v1/stream-acts")
@auth.allow("streams:write")
@blueprint.arguments(WantedAct)
@blueprint.response(201, Act)
def act_on_stream(wanted: dict[str, Any]) -> StreamAct:
    """Let a stopped stream `retry` the event, or `skip` it because its effect is not wanted."""
    verb = wanted.pop("act")
    return act(verb, **wanted)
