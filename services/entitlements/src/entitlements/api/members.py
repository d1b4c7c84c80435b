"""Routes of members."""

from typing import Any

from entitlements import commands, models, queries, schemas
from entitlements.api.blueprint import make
from kit import auth, idempotency, schema

blueprint = make("members", "The people of an account")


@blueprint.get("/accounts/<uuid:account_id>/members")
@auth.allow("people", "licenses")
@blueprint.arguments(schemas.MembersQuery, location="query")
@blueprint.response(200, schema.page_of(schemas.Member))
def list_members(query: dict[str, Any], account_id: str) -> dict[str, Any]:
    """People by name, each with the license they hold."""
    return queries.members(account_id, **query)


@blueprint.post("/accounts/<uuid:account_id>/members")
@auth.allow("people")
@idempotency.once
@blueprint.arguments(schemas.NewMember)
@blueprint.response(201, schemas.Member)
def add_member(person: dict[str, Any], account_id: str) -> models.Member:
    """Add a person from an approved domain; roles other than `member` need the permission `roles`."""
    added = commands.add_member(account_id, person, auth.caller().grants)
    return queries.member(account_id, added.id)


@blueprint.get("/accounts/<uuid:account_id>/members/<uuid:member_id>")
@auth.allow("people", "licenses", own="member_id")
@blueprint.response(200, schemas.Member)
def get_member(account_id: str, member_id: str) -> models.Member:
    """One person, with the license they hold."""
    return queries.member(account_id, member_id)


@blueprint.patch("/accounts/<uuid:account_id>/members/<uuid:member_id>")
@auth.allow("people")
@blueprint.arguments(schemas.MemberChanges)
@blueprint.response(200, schemas.Member)
def change_member(changes: dict[str, Any], account_id: str, member_id: str) -> models.Member:
    """Change a person; a new e-mail address takes effect when it is confirmed by the link sent there.

    Roles need the permission `roles`, as do name and address of people with more than `member`.
    """
    commands.change_member(account_id, member_id, changes, auth.caller().grants)
    return queries.member(account_id, member_id)


@blueprint.delete("/accounts/<uuid:account_id>/members/<uuid:member_id>")
@auth.allow("people")
@blueprint.response(204)
def remove_member(account_id: str, member_id: str) -> None:
    """Remove a person and free their seat."""
    commands.remove_member(account_id, member_id, auth.caller().grants)


@blueprint.post("/accounts/<uuid:account_id>/members/<uuid:member_id>/address-change")
@auth.allow("people")
@blueprint.response(200, schemas.Member)
def renew_address_change(account_id: str, member_id: str) -> models.Member:
    """Send another confirmation link; the one before stops working."""
    commands.renew_address_change(account_id, member_id, auth.caller().grants)
    return queries.member(account_id, member_id)


@blueprint.delete("/accounts/<uuid:account_id>/members/<uuid:member_id>/address-change")
@auth.allow("people")
@blueprint.response(204)
def cancel_address_change(account_id: str, member_id: str) -> None:
    """Withdraw a new e-mail address that has not confirmed yet."""
    commands.cancel_address_change(account_id, member_id, auth.caller().grants)
