"""Wiring of the web process."""

from typing import Any

from flask import Flask

from entitlements import api
from entitlements.api.activations import KEYS, SIGNER
from entitlements.api.addresses import VERIFIER
from entitlements.api.shortcut import CheckShortcut
from kit import auth, web
from kit.settings import Settings


def create_app(settings: Settings) -> Flask:
    app = web.create_app(settings, "Seatwise entitlements", api.BLUEPRINTS)
    app.extensions[VERIFIER] = auth.Verifier(settings.trust_dir, settings.name)
    app.wsgi_app = CheckShortcut(app, auth.Verifier(settings.trust_dir, settings.name))  # type: ignore[method-assign]
    signer = app.extensions[SIGNER] = auth.Signer(settings.signing_key_file)
    app.extensions[KEYS] = _public_keys(settings.trust_dir, signer)
    return app


def _public_keys(trust_dir: str, signer: auth.Signer) -> list[dict[str, Any]]:
    """Ours as the trust file has them, next, current and previous, so that a product knows a key before it is
    used; and the one that signs, whatever the file says."""
    trusted = auth.Verifier(trust_dir, signer.issuer).issuers[signer.issuer].keys
    by_id = {key.kid: key.as_dict(private=False) for key in [*trusted.keys, signer.key]}
    return list(by_id.values())
