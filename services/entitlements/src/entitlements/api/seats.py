"""Routes of pools, licenses, assignments and parkings."""

from typing import Any

from entitlements import commands, domain, models, queries, schemas
from entitlements.api.blueprint import make
from kit import auth, idempotency, limits, schema

blueprint = make("seats", "Licenses, who holds them, and which end with the term")


@blueprint.get("/accounts/<uuid:account_id>/pools")
@auth.allow("account:read")
@blueprint.response(200, schema.page_of(schemas.Pool))
def list_pools(account_id: str) -> dict[str, Any]:
    """How many licenses of each plan the account has, and in which state."""
    return {"items": queries.pools(account_id), "next": None}


@blueprint.get("/accounts/<uuid:account_id>/licenses")
@auth.allow("licenses")
@blueprint.arguments(schemas.LicensesQuery, location="query")
@blueprint.response(200, schema.page_of(schemas.License))
def list_licenses(query: dict[str, Any], account_id: str) -> dict[str, Any]:
    """Licenses in the order in which they were issued, each with its holder."""
    return queries.licenses(account_id, **query)


@blueprint.post("/accounts/<uuid:account_id>/assignments")
@auth.allow("licenses")
@idempotency.once
@blueprint.arguments(schemas.NewAssignment)
@blueprint.response(201, schemas.Assignment)
def assign_license(asked: dict[str, Any], account_id: str) -> domain.Holding:
    """Give a member a free license; the one they hold is answered when it is of the same plan."""
    return commands.assign_license(account_id, asked["member_id"], asked["plan"])


@blueprint.post("/accounts/<uuid:account_id>/bulk-assignments")
@auth.allow("licenses")
@limits.per_principal("20/minute", name="bulk-assignments")
@idempotency.once
@blueprint.arguments(schemas.NewBulkAssignment)
@blueprint.response(200, schemas.BulkAssignment)
def assign_licenses(asked: dict[str, Any], account_id: str) -> dict[str, Any]:
    """Give many members a free license each, in the order of the list, with a verdict for each row. The same
    list again changes nothing."""
    return {"items": commands.assign_licenses(account_id, **asked)}


@blueprint.delete("/accounts/<uuid:account_id>/assignments/<uuid:assignment_id>")
@auth.allow("licenses")
@blueprint.response(204)
def unassign_license(account_id: str, assignment_id: str) -> None:
    """Take the license back; the same person gets the same one back within 30 days."""
    commands.unassign_license(account_id, assignment_id)


@blueprint.post("/accounts/<uuid:account_id>/reminders")
@auth.allow("licenses")
@limits.per_principal("60/minute", name="reminders")
@idempotency.once
@blueprint.arguments(schemas.NewReminders)
@blueprint.response(200, schemas.Reminders)
def send_reminders(asked: dict[str, Any], account_id: str) -> dict[str, Any]:
    """Send people the mail about their license again, with the link to activate; a verdict for each."""
    return {"items": commands.send_reminders(account_id, asked["members"])}


@blueprint.get("/accounts/<uuid:account_id>/parkings")
@auth.allow("licenses")
@blueprint.response(200, schema.page_of(schemas.Parking))
def list_parkings(account_id: str) -> dict[str, Any]:
    """Seats that were removed and can be brought back, newest first."""
    return {"items": queries.parkings(account_id), "next": None}


@blueprint.post("/accounts/<uuid:account_id>/parkings")
@auth.allow("licenses")
@idempotency.once
@blueprint.arguments(schemas.NewParking)
@blueprint.response(201, schemas.Parking)
def park_seats(asked: dict[str, Any], account_id: str) -> models.Parking:
    """Remove free seats: they cannot be assigned any more and end with the term."""
    return commands.park_seats(account_id, asked["plan"], asked["interval"], asked["seats"])


@blueprint.delete("/accounts/<uuid:account_id>/parkings/<uuid:parking_id>")
@auth.allow("licenses")
@blueprint.response(204)
def unpark_seats(account_id: str, parking_id: str) -> None:
    """Undo a removal."""
    commands.unpark_seats(account_id, parking_id)
