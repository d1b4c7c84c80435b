"""Routes of the catalog. Plans and their documents are public; publishing needs plans:write."""

from typing import Any

from flask import Response, render_template

from catalog import commands, domain, queries, schemas
from kit import auth, idempotency, schema
from kit.errors import not_found
from kit.web import Blueprint

blueprint = Blueprint("plans", __name__, url_prefix="/v1/plans", description="What can be bought")


@blueprint.get("")
@auth.public
@blueprint.response(200, schema.page_of(schemas.Plan))
def list_plans() -> dict[str, Any]:
    """The plans that are sold, by rank."""
    return {"items": queries.plans(), "next": None}


@blueprint.get("/<code>")
@auth.public
@blueprint.response(200, schemas.Plan)
def get_plan(code: str) -> dict[str, Any]:
    """One plan at its current version, retired or not."""
    return queries.plan(code)


@blueprint.get("/<code>/documents/<language>")
@auth.public
@blueprint.response(200, {"type": "string"}, content_type="text/html")
def get_document(code: str, language: str) -> Response:
    """The document about a plan, as a page that stands alone."""
    if language not in domain.LANGUAGES:
        not_found("document", language=language)
    plan = queries.plan(code)
    page = render_template("document.html", plan=plan, language=language, plans=queries.plans())
    return Response(page, content_type="text/html; charset=utf-8")


@blueprint.post("")
@auth.allow("plans:write")
@idempotency.once
@blueprint.arguments(schemas.Publication)
@blueprint.response(201, schemas.Plan)
def publish_plan(publication: dict[str, Any]) -> dict[str, Any]:
    """Publish the next version of a plan; the same content again changes nothing."""
    content = schemas.PlanContent().dump(publication)
    commands.publish_plan(publication["code"], publication["rank"], content)
    return queries.plan(publication["code"])


@blueprint.post("/<code>/retirement")
@auth.allow("plans:write")
@idempotency.once
@blueprint.arguments(schemas.Retirement)
@blueprint.response(201, schemas.Plan)
def retire_plan(retirement: dict[str, Any], code: str) -> dict[str, Any]:
    """Stop selling a plan; who holds it moves to the successor at renewal."""
    commands.retire_plan(code, retirement["successor"])
    return queries.plan(code)
