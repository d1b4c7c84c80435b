"""Routes of activation: by the code, which is a secret, or by the word of somebody signed in."""

from typing import Any

import flask
from flask import Response, current_app

from entitlements import commands, models, queries, schemas
from entitlements.api.blueprint import make, unless_known
from kit import auth, schema

blueprint = make("activations", "Licenses on devices")
SIGNER, KEYS = "entitlements.signer", "entitlements.keys"  # in app.extensions
KEYS_FRESH = 3600  # seconds
WAITS = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds, at most a minute."}}
TOO_MANY = "Too many codes that do not exist came from the caller's address (`too-many-guesses`)."
CACHED = {name: {"schema": {"type": "string"}} for name in ("Cache-Control", "ETag")}


@blueprint.post("/activations")
@auth.public
@blueprint.arguments(schemas.NewActivation)
@blueprint.response(201, schemas.Activation)
@blueprint.alt_response(
    429, schema=schema.Problem, content_type="application/problem+json", description=TOO_MANY, headers=WAITS
)
def activate(asked: dict[str, Any]) -> commands.Activated:
    """Activate a license on a device, or renew the device's token; verify it with /v1/activation-keys."""
    with commands.limit_guesses(asked["code"]):
        return commands.activate_license(asked["code"], asked["device"], current_app.extensions[SIGNER])


@blueprint.get("/activation-keys")
@auth.public
@blueprint.alt_response(200, schema=schemas.KeySet, success=True, headers=CACHED)
@blueprint.alt_response(304, description="Nothing changed since that ETag.", success=True)
def list_keys() -> Response:
    """The public keys of activation tokens, as a JSON Web Key Set: the next, the current, the previous one."""
    answer = flask.jsonify({"keys": current_app.extensions[KEYS]})
    answer.headers["Cache-Control"] = f"public, max-age={KEYS_FRESH}"
    return unless_known(answer)


@blueprint.get("/accounts/<uuid:account_id>/licenses/<uuid:license_id>/activation")
@auth.allow("activation:link")
@blueprint.response(200, schemas.ActivationCode)
def get_activation(account_id: str, license_id: str) -> models.Assignment:
    """The code, for the e-mail to the holder."""
    return queries.activation_of(account_id, license_id)


@blueprint.get("/activation-codes/<code>")
@auth.allow("activate")
@blueprint.response(200, schemas.CodeDescribed)
@blueprint.alt_response(
    429, schema=schema.Problem, content_type="application/problem+json", description=TOO_MANY, headers=WAITS
)
def describe_code(code: str) -> dict[str, Any]:
    """Whose code it is, of what, and how to install."""
    with commands.limit_guesses(code):
        return queries.code_described(code)


@blueprint.get("/accounts/<uuid:account_id>/members/<uuid:member_id>/devices")
@auth.allow("licenses", own="member_id")
@blueprint.response(200, schema.page_of(schemas.KnownDevice))
def list_devices(account_id: str, member_id: str) -> dict[str, Any]:
    """The devices on which the member's licenses are active, then those that were released."""
    return {"items": queries.devices(account_id, member_id), "next": None}


@blueprint.post("/accounts/<uuid:account_id>/members/<uuid:member_id>/devices")
@auth.allow("licenses", own="member_id")
@blueprint.arguments(schemas.NewDevice)
@blueprint.response(201, schemas.Activation)
def activate_device(asked: dict[str, Any], account_id: str, member_id: str) -> commands.Activated:
    """Activate the member's license on a device without its code; a released device comes back in this way."""
    signer = current_app.extensions[SIGNER]
    return commands.activate_device(account_id, member_id, asked["plan"], asked["device"], signer)


@blueprint.delete("/accounts/<uuid:account_id>/members/<uuid:member_id>/devices/<uuid:device_id>")
@auth.allow("licenses", own="member_id")
@blueprint.response(204)
def release_device(account_id: str, member_id: str, device_id: str) -> None:
    """Release a device: another one may come in, and its token is not renewed."""
    commands.release_device(account_id, member_id, device_id)


@blueprint.delete("/accounts/<uuid:account_id>/members/<uuid:member_id>/devices")
@auth.allow("licenses", own="member_id")
@blueprint.arguments(schemas.DevicesQuery, location="query")
@blueprint.response(204)
def release_devices(query: dict[str, Any], account_id: str, member_id: str) -> None:
    """Revoke: release all devices of the member, or those of one plan."""
    commands.release_devices(account_id, member_id, query["plan"])
