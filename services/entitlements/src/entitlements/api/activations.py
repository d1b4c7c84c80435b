"""Routes of activation: the code is the secret."""

from typing import Any

from flask import current_app

from entitlements import commands, models, queries, schemas
from entitlements.api.blueprint import make
from kit import auth

blueprint = make("activations", "Licenses on devices")
SIGNER = "entitlements.signer"  # in app.extensions


@blueprint.post("/activations")
@auth.public
@blueprint.arguments(schemas.NewActivation)
@blueprint.response(201, schemas.Activation)
def activate(asked: dict[str, Any]) -> commands.Activated:
    """Activate a license on a device, or renew the device's token; verify it with /v1/activation-keys."""
    device = asked["device"]
    return commands.activate_license(
        asked["code"], device["id"], device["name"], current_app.extensions[SIGNER]
    )


@blueprint.get("/activation-keys")
@auth.public
@blueprint.response(200, schemas.KeySet)
def list_keys() -> dict[str, Any]:
    """The public key of activation tokens, as a JSON Web Key Set."""
    return {"keys": [current_app.extensions[SIGNER].key.as_dict(private=False)]}


@blueprint.get("/accounts/<uuid:account_id>/licenses/<uuid:license_id>/activation")
@auth.allow("activation:link")
@blueprint.response(200, schemas.ActivationCode)
def get_activation(account_id: str, license_id: str) -> models.Assignment:
    """The code, for the e-mail to the holder."""
    return queries.activation_of(account_id, license_id)


@blueprint.get("/activation-codes/<code>")
@auth.allow("activate")
@blueprint.response(200, schemas.CodeDescribed)
def describe_code(code: str) -> dict[str, Any]:
    """Whose code it is, of what, and how to install."""
    return queries.code_described(code)
