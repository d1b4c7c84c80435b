"""The catalog's API: plans, their texts and documents. Public, and remembered for a minute."""

import threading
import time
from typing import Any

from portal.clients.http import Api, Json, Problem

FRESH = 60.0  # seconds


class Catalog:
    """Plans by code. What was read last is used while the catalog cannot be reached."""

    def __init__(self, api: Api):
        self.api = api
        self._plans: dict[str, Json] = {}
        self._read_at = -FRESH
        self._reading = threading.Lock()

    def plans(self) -> dict[str, Json]:
        """Plans by code, by rank; empty when they were never readable."""
        if time.monotonic() - self._read_at >= FRESH and self._reading.acquire(blocking=not self._plans):
            try:
                items: list[Any] = self.api.get("/v1/plans")["items"]
                self._plans = {plan["code"]: plan for plan in sorted(items, key=lambda plan: plan["rank"])}
                self._read_at = time.monotonic()
            except Problem:
                self._read_at = time.monotonic() - FRESH + 5
            finally:
                self._reading.release()
        return self._plans

    def plan(self, code: str) -> Json | None:
        """One plan, even a retired one; None when there is none or it cannot be read."""
        if code not in self.plans():
            try:
                self._plans[code] = self.api.get(f"/v1/plans/{code}")
            except Problem:
                return None
        return self._plans[code]

    def document(self, code: str, language: str) -> str:
        return self.api.text(f"/v1/plans/{code}/documents/{language}")
