"""The catalog's API: plans, their texts and documents. Public, and remembered for a minute."""

import threading
import time
from typing import Any

from portal.clients.http import Api, Json, Problem, path_to

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
                items: list[Any] = self.api.get(path_to("plans"))["items"]
                self._plans = {plan["code"]: plan for plan in sorted(items, key=lambda plan: plan["rank"])}
                self._read_at = time.monotonic()
            except Problem:
                self._read_at = time.monotonic() - FRESH + 5
            finally:
                self._reading.release()
        return self._plans

    def plan(self, code: str) -> Json | None:
        """One plan, even a retired one; None when there is none or it cannot be read.

        Only what the list returned is remembered, since all accounts share it.
        """
        listed = self.plans()
        if code in listed:
            return listed[code]
        try:
            return self.api.get(path_to("plans", code))
        except Problem:
            return None

    def document(self, code: str, language: str) -> str:
        return self.api.text(path_to("plans", code, "documents", language))
