"""Routes of signing in, for the portal."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from entitlements import commands, queries, schemas
from entitlements.api.blueprint import make
from entitlements.api.sessions import signed_in
from kit import auth, idempotency, limits
from kit.errors import Refusal

F = TypeVar("F", bound=Callable[..., Any])

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
    try:
        PER_ADDRESS.spend(asked["email"])
    except limits.TooManyRequests:
        commands.note_limited_sign_ins(asked["email"])
        raise
    return {"items": queries.sign_ins(asked["email"])}


def _noting_used_links(view: F) -> F:
    """Announce a link that was used already; outside of `once`, whose transaction the refusal undoes."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except Refusal as refusal:
            if refusal.code == "link-used":
                commands.note_refused_sign_in(kwargs["member_id"], "used")
            raise

    return wrapper  # type: ignore[return-value]


@blueprint.post("/sign-ins/<uuid:member_id>/uses")
@auth.allow("sign-in")
@_noting_used_links
@idempotency.once
@blueprint.arguments(schemas.LinkUse)
@blueprint.response(201, schemas.SignedIn)
def use_link(link: dict[str, Any], member_id: str) -> dict[str, Any]:
    """Use a link up, and start a session."""
    browser = commands.Browser(link["browser"], link["device"])
    answer = signed_in(commands.use_sign_in_link(member_id, link["counter"], browser))
    PER_ADDRESS.forget(answer["member"].email)  # its owner reads the mails: nobody is flooding it
    return answer


@blueprint.post("/refusals")
@auth.allow("sign-in")
@blueprint.arguments(schemas.Refused)
@blueprint.response(204)
def note_refusal(refused: dict[str, Any]) -> None:
    """Note what the portal refused a member, for the activity log; at most one a minute becomes an event."""
    if refused["kind"] == "permission":
        commands.note_refused_permission(refused["member_id"], refused["route"], refused["needed"])
    else:
        commands.note_refused_sign_in(refused["member_id"], refused["reason"])
