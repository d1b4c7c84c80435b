"""Routes of links that confirm a new e-mail address."""

from typing import Any

from flask import current_app

from entitlements import commands, models, queries, schemas
from entitlements.api.activations import SIGNER
from entitlements.api.blueprint import make
from kit import auth

blueprint = make("address changes", "New e-mail addresses, which a mailed link confirms")
VERIFIER = "entitlements.verifier"  # in app.extensions


@blueprint.get("/accounts/<uuid:account_id>/members/<uuid:member_id>/address-change/link")
@auth.allow("activation:link")
@blueprint.response(200, schemas.AddressLink)
def get_address_link(account_id: str, member_id: str) -> dict[str, str]:
    """The open request and its link's token, for the e-mail to the new address."""
    return queries.address_link(account_id, member_id, current_app.extensions[SIGNER])


@blueprint.post("/address-changes/readings")
@auth.allow("sign-in")
@blueprint.arguments(schemas.AddressToken)
@blueprint.response(200, schemas.AddressChange)
def read_address_link(link: dict[str, Any]) -> models.AddressChange:
    """Whose new address the link confirms; 410 `link-expired` when it does not work any more."""
    return queries.address_change(_change_id(link["token"]))


@blueprint.post("/address-changes/confirmations")
@auth.allow("sign-in")
@blueprint.arguments(schemas.AddressToken)
@blueprint.response(200, schemas.AddressChange)
def confirm_address(link: dict[str, Any]) -> models.AddressChange:
    """Make the new address the member's own; 409 `link-used` when it is already."""
    return commands.confirm_address_change(_change_id(link["token"]))


def _change_id(token: str) -> str:
    extensions = current_app.extensions
    return queries.read_address_token(token, extensions[SIGNER], extensions[VERIFIER])
