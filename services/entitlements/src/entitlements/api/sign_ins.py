"""Routes of signing in, for the portal."""

from typing import Any

from entitlements import commands, queries, schemas
from entitlements.api.blueprint import make
from kit import auth, idempotency, limits

blueprint = make("sign-ins", "Who an e-mail address belongs to, and links that work once")
PER_ADDRESS = limits.Limit("sign-in-per-address", "5/15 minutes")


@blueprint.post("/sign-ins")
@auth.allow("sign-in")
@limits.per_address("300/15 minutes", name="sign-in-per-caller")
@blueprint.arguments(schemas.NewSignIn)
@blueprint.response(200, schemas.Memberships)
def begin_sign_in(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the memberships of an address, each with the counter for its link; none for an unknown one.

    The caller is counted first, so that a caller beyond its limit uses up no address. Unknown addresses
    are counted like known ones: the answers tell nothing about them.
    """
    PER_ADDRESS.spend(asked["email"])
    return {"items": queries.sign_ins(asked["email"])}


@blueprint.post("/sign-ins/<uuid:member_id>/uses")
@auth.allow("sign-in")
@idempotency.once
@blueprint.arguments(schemas.LinkUse)
@blueprint.response(201, schemas.SignedIn)
def use_link(link: dict[str, Any], member_id: str) -> dict[str, Any]:
    """Use a link up."""
    used = commands.use_sign_in_link(member_id, link["counter"])
    PER_ADDRESS.forget(used.email)  # its owner reads the mails: nobody is flooding it
    return {"account_id": used.account_id, "member": queries.member(used.account_id, used.id)}
