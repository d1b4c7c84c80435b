"""Routes of the notifier: the mails of an account and its activity log."""

from typing import Any
from uuid import UUID

from flask import Response

from kit import auth, idempotency, limits, schema
from kit.web import Blueprint
from notifier import commands, domain, queries, schemas

blueprint = Blueprint(
    "notices", __name__, url_prefix="/v1/accounts/<uuid:account_id>", description="Mails and activity"
)


@blueprint.get("/notices")
@auth.allow("activity:read", "people")
@blueprint.arguments(schemas.NoticesQuery, location="query")
@blueprint.response(200, schema.page_of(schemas.Notice))
def list_notices(query: dict[str, Any], account_id: UUID) -> dict[str, Any]:
    """The mails of the account, newest first."""
    return queries.notices(str(account_id), **query)


operators = Blueprint("failed-notices", __name__, url_prefix="/v1", description="Failed mails, for operators")


@operators.get("/failed-notices")
@auth.allow("notices:write")
@operators.arguments(schemas.FailedNoticesQuery, location="query")
@operators.response(200, schema.page_of(schemas.FailedNotice))
def list_failed_notices(query: dict[str, Any]) -> dict[str, Any]:
    """Mails of all accounts that failed or whose fate is unknown, newest first."""
    return queries.troubled_notices(domain.RESENDABLE, **query)


@operators.post("/failed-notices/<uuid:notice_id>/resends")
@auth.allow("notices:write")
@idempotency.once
@operators.response(200, schemas.Resends)
def resend_notice(notice_id: UUID) -> dict[str, int]:
    """Send one of them again."""
    commands.queue_failed_notice(str(notice_id))
    return {"queued": 1}


@operators.post("/failed-notices/resends")
@auth.allow("notices:write")
@idempotency.once
@operators.arguments(schemas.NewResends)
@operators.response(200, schemas.Resends)
def resend_notices(asked: dict[str, Any]) -> dict[str, int]:
    """Send all that failed for one cause again, at most 500 at once."""
    return {"queued": commands.queue_failed_notices(asked["cause"])}


@blueprint.get("/activity")
@auth.allow("activity:read")
@blueprint.arguments(schemas.ActivityQuery, location="query")
@blueprint.response(200, schema.page_of(schemas.Activity))
def list_activity(query: dict[str, Any], account_id: UUID) -> dict[str, Any]:
    """What happened to the account, newest first."""
    return queries.activity(str(account_id), **query)


@blueprint.get("/activity.csv")
@auth.allow("activity:read")
@limits.per_principal("20/minute", name="exports")
@blueprint.arguments(schemas.CsvQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
def export_activity(query: dict[str, Any], account_id: UUID) -> Response:
    """The whole log for a spreadsheet, newest first; it streams."""
    rows = queries.activity_csv(str(account_id), **query)
    answer = Response(rows, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="activity.csv"'
    return answer
