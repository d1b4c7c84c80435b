"""Routes of signing in, for the portal."""

from typing import Any

from entitlements import commands, queries, schemas
from entitlements.api.blueprint import make
from kit import auth, idempotency

blueprint = make("sign-ins", "Who an e-mail address belongs to, and links that work once")


@blueprint.post("/sign-ins")
@auth.allow("sign-in")
@blueprint.arguments(schemas.NewSignIn)
@blueprint.response(200, schemas.Memberships)
def begin_sign_in(asked: dict[str, Any]) -> dict[str, Any]:
    """The memberships of an address, each with the counter to put into its link; none for a stranger."""
    return {"items": queries.sign_ins(asked["email"])}


@blueprint.post("/sign-ins/<uuid:member_id>/uses")
@auth.allow("sign-in")
@idempotency.once
@blueprint.arguments(schemas.LinkUse)
@blueprint.response(201, schemas.SignedIn)
def use_link(link: dict[str, Any], member_id: str) -> dict[str, Any]:
    """Use a link up."""
    used = commands.use_sign_in_link(member_id, link["counter"])
    return {"account_id": used.account_id, "member": queries.member(used.account_id, used.id)}
