"""Routes of the question: may this person use that?"""

from typing import Any

import flask
import orjson
from flask import Response

from entitlements import domain, queries, schemas
from entitlements.api.blueprint import make, unless_known
from kit import auth

blueprint = make("checks", "What people may use")
ETAG = {"ETag": {"schema": {"type": "string"}, "description": "Changes with the answer."}}


@blueprint.get("/accounts/<uuid:account_id>/members/<uuid:member_id>/entitlements")
@auth.allow("entitlements:read", "people", "licenses", own="member_id")
@blueprint.alt_response(200, schema=schemas.Entitlements, success=True, headers=ETAG)
@blueprint.alt_response(304, description="Nothing changed since that ETag.", success=True)
def get_entitlements(account_id: str, member_id: str) -> Response:
    """What the member may use; with If-None-Match a poller hears 304 until it changes."""
    answer = flask.jsonify(schemas.Entitlements().dump(queries.entitlements(account_id, member_id)))
    answer.headers["Cache-Control"] = "private, no-cache"
    return unless_known(answer)


@blueprint.post("/checks")
@auth.allow("entitlements:read")
@blueprint.arguments(schemas.Question)
@blueprint.response(200, schemas.Verdict)
def check(question: dict[str, Any]) -> domain.Verdict:
    """May this member use this feature, and this much of it?"""
    auth.require_account(question["account_id"])
    return queries.check(question)


@blueprint.post("/checks/batch")
@auth.allow("entitlements:read")
@blueprint.arguments(schemas.Questions)
@blueprint.response(200, schemas.Answers)
def check_many(asked: dict[str, Any]) -> dict[str, Any]:
    """One verdict for each question, in order."""
    for question in asked["checks"]:
        auth.require_account(question["account_id"])
    return {"items": queries.check_many(asked["checks"])}


@blueprint.get("/snapshot")
@auth.allow("entitlements:read")
@blueprint.arguments(schemas.SnapshotQuery, location="query")
@blueprint.alt_response(200, schema=schemas.Snapshot, success=True)
def get_snapshot(query: dict[str, Any]) -> Response:
    """Who holds what, by account, each after which event: read it all, then follow the events after those."""
    auth.require_account(query["account"] or "")
    page = queries.snapshot(query["account"], query["cursor"])
    return Response(orjson.dumps(page), content_type="application/json")  # the largest answer of all
