"""Entitlements, asked for the activation link while a mail is being sent: the link is never stored."""

from functools import cached_property

import httpx

from kit import auth
from notifier import domain

TIMEOUT = 1.5  # seconds to connect, and to answer


class Links:
    """`key_file`: the notifier's own key, which may ask with the grant activation:link."""

    def __init__(self, entitlements_url: str, key_file: str):
        self.key_file = key_file
        self.client = httpx.Client(base_url=entitlements_url, timeout=TIMEOUT)

    @cached_property
    def signer(self) -> auth.Signer:
        return auth.Signer(self.key_file)

    def activation(self, account_id: str, license_id: str, assignment_id: str) -> domain.Activation:
        """Obsolete when the person no longer holds the license; Deferred when entitlements cannot say."""
        token = self.signer.token(self.signer.issuer, {"activation:link"}, aud=auth.for_unit("entitlements"))
        try:
            answer = self.client.get(
                f"/v1/accounts/{account_id}/licenses/{license_id}/activation",
                headers={"Authorization": f"Bearer {token}"},
            )
            if answer.status_code == 404:
                raise domain.Obsolete("no longer assigned")
            answer.raise_for_status()
            said = answer.json()
            if said["assignment_id"] != assignment_id:  # somebody else holds it by now
                raise domain.Obsolete("no longer assigned")
            return domain.Activation(said["code"], said["activated_at"] is not None)
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"entitlements away: {type(error).__name__}"
            raise domain.Deferred(reason, domain.ENTITLEMENTS_AWAY) from error
