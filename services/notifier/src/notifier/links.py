"""Entitlements, asked for the secret of a mail's link while the mail is being sent: it is never stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import httpx

from kit import auth, calls, paths
from notifier import domain

TIMEOUT = 1.5  # seconds to connect, and to answer


class Links:
    """`key_file`: the notifier's own key, which may ask with the grant activation:link."""

    def __init__(self, entitlements_url: str, key_file: str):
        self.key_file = key_file
        self.client = calls.client(entitlements_url, timeout=TIMEOUT)

    @cached_property
    def signer(self) -> auth.Signer:
        return auth.Signer(self.key_file)

    def activation(self, account_id: str, license_id: str, assignment_id: str) -> domain.Activation:
        """Obsolete when the person no longer holds the license; Deferred when entitlements cannot say."""
        with _unless_unreadable():
            path = paths.of("accounts", account_id, "licenses", license_id, "activation")
            answer = self.client.get(path, headers=self._headers())
            said = _checked(answer, "no longer assigned")
            if said["assignment_id"] != assignment_id:  # another person holds it by now
                raise domain.Obsolete("no longer assigned")
            return domain.Activation(said["code"], said["activated_at"] is not None)

    def address_token(self, account_id: str, member_id: str, change_id: str) -> str:
        """Return the token of the link that confirms the new address.

        Obsolete when the request has ended or another one replaced it.
        """
        with _unless_unreadable():
            path = paths.of("accounts", account_id, "members", member_id, "address-change", "link")
            answer = self.client.get(path, headers=self._headers())
            said = _checked(answer, "no longer requested")
            if said["change_id"] != change_id:
                raise domain.Obsolete("no longer requested")
            return str(said["token"])

    def _headers(self) -> dict[str, str]:
        token = self.signer.token(self.signer.issuer, {"activation:link"}, aud=auth.for_unit("entitlements"))
        return {"Authorization": f"Bearer {token}"}


def _checked(answer: httpx.Response, ended: str) -> dict[str, Any]:
    if answer.status_code == 404:
        raise domain.Obsolete(ended)
    answer.raise_for_status()
    payload: dict[str, Any] = answer.json()
    return payload


@contextmanager
def _unless_unreadable() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"entitlements away: {type(error).__name__}"
        raise domain.Deferred(reason, domain.ENTITLEMENTS_AWAY) from error
