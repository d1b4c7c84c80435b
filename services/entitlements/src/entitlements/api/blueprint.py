"""What all routes here have in common."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Response, current_app, g, request

from entitlements import queries
from kit import auth, web
from kit.errors import Forbidden, refuse


def make(name: str, description: str) -> web.Blueprint:
    """Routes under /v1 whose ids are text inside, and where a member's own row has the last word."""
    made = web.Blueprint(name, __name__, url_prefix="/v1", description=description)
    made.url_value_preprocessor(_ids_as_text)
    made.before_request(_own_row_decides)
    return made


def unless_known(answer: Response) -> Response:
    """With its ETag; 304 for whoever has it already."""
    answer.add_etag()
    if answer.make_conditional(request).status_code == HTTPStatus.PRECONDITION_FAILED:
        refuse("precondition-failed", "If-Match names another answer than there is.", status=412)
    return answer


def _ids_as_text(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    for name, value in (values or {}).items():
        if isinstance(value, UUID):
            (values or {})[name] = str(value)


def _own_row_decides() -> None:
    """A token is a few minutes old: whoever was removed or lost a role since then has lost it here."""
    caller: auth.Caller | None = g.get("caller")
    if caller is None or caller.account is None:
        return
    allowed = queries.standing(caller.account, caller.id)
    if allowed is None:
        queries.account(caller.account)
        return
    g.caller = caller._replace(grants=caller.grants & allowed)
    access = auth.access_of(current_app, str(request.endpoint))
    itself = (
        access is not None and access.own is not None and (request.view_args or {})[access.own] == caller.id
    )
    if access is None or not (access.grants & g.caller.grants or (itself and allowed)):
        raise Forbidden("permission-missing", "You no longer may do this.")
