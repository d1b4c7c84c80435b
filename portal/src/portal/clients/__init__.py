"""The services' APIs as the portal uses them."""

from typing import NamedTuple

import httpx
from flask import g, request

from kit import clock
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
        self._pools = {name: httpx.Client(base_url=url, limits=POOL) for name, url in urls.items()}
        self.catalog = Catalog(self._api("catalog", {}))

    def of_account(self, account: str, who: str, permissions: frozenset[str]) -> OfAccount:
        """The services for member `who`; the token lives for five minutes, so it is made for each request."""
        headers = _headers(self.signer.token(who, permissions, account=account))
        return OfAccount(
            Orders(self._api("orders", headers), account),
            Entitlements(self._api("entitlements", headers), account),
            Notifier(self._api("notifier", headers), account),
        )

    def door(self) -> Door:
        return Door(self._api("entitlements", _headers(self.signer.token("portal", {"activate", "sign-in"}))))

    def _api(self, service: str, headers: dict[str, str]) -> Api:
        return Api(service, self._pools[service], headers)


def _headers(token: str) -> dict[str, str]:
    """One human act has one correlation in every service, and the person's address, not ours."""
    if "correlation" not in g:
        g.correlation = clock.new_id()
    return {
        "Authorization": f"Bearer {token}",
        "X-Correlation-Id": g.correlation,
        "X-Forwarded-For": request.remote_addr or "",
    }
