"""The services' APIs as the portal uses them."""

from typing import NamedTuple

import httpx
from flask import g, request

from kit import addresses, auth, calls, clock
from kit.auth import Signer
from portal.clients.catalog import Catalog
from portal.clients.entitlements import Door, Entitlements
from portal.clients.http import Api, Json, Problem
from portal.clients.notifier import Notifier
from portal.clients.orders import Orders

__all__ = ["Api", "Json", "OfAccount", "Problem", "Services"]

POOL = httpx.Limits(max_connections=40, max_keepalive_connections=20, keepalive_expiry=5)


class OfAccount(NamedTuple):
    """The services as one person of one account may use them."""

    orders: Orders
    entitlements: Entitlements
    notifier: Notifier


class Services:
    """Connections to all services, and the tokens that we sign for them."""

    def __init__(self, urls: dict[str, str], signer: Signer):
        self.signer = signer
        self._pools = {name: calls.client(url, limits=POOL) for name, url in urls.items()}
        self.catalog = Catalog(Api("catalog", self._pools["catalog"], dict))

    def of_account(self, account: str, who: str, permissions: frozenset[str]) -> OfAccount:
        """The services for member `who`. A token lives for five minutes: it is signed for each request."""
        return OfAccount(
            Orders(self._api("orders", who, permissions, account), account),
            Entitlements(self._api("entitlements", who, permissions, account), account),
            Notifier(self._api("notifier", who, permissions, account), account),
        )

    def door(self) -> Door:
        return Door(self._api("entitlements", "portal", frozenset({"activate", "sign-in"})))

    def _api(self, service: str, who: str, permissions: frozenset[str], account: str | None = None) -> Api:
        """The service, called with a token for it alone, which is signed at the first call."""

        def headers() -> dict[str, str]:
            audience = auth.for_unit(service)
            return _headers(self.signer.token(who, permissions, account=account, aud=audience))

        return Api(service, self._pools[service], headers)


def _headers(token: str) -> dict[str, str]:
    """One human act has one correlation in every service, and the person's address, not ours."""
    if "correlation" not in g:
        g.correlation = clock.new_id()
    return {
        "Authorization": f"Bearer {token}",
        "X-Correlation-Id": g.correlation,
        "X-Forwarded-For": addresses.parse(request.remote_addr) or "",
    }
