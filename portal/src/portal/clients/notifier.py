"""The notifier's API, for one account: notices sent and the activity log."""

from collections.abc import Iterator
from typing import Any

from kit.paths import Path
from portal.clients.http import Api, Json, path_to


class Notifier:
    def __init__(self, api: Api, account: str):
        self.api = api
        self._account = account

    def at(self, *segments: str) -> Path:
        return path_to("accounts", self._account, *segments)

    def notices(self, **filters: Any) -> Json:
        return self.api.get(self.at("notices"), **filters)

    def activity(self, **filters: Any) -> Json:
        """Newest first; ?type= &cursor= &limit= &language="""
        return self.api.get(self.at("activity"), **filters)

    def activity_csv(self, type: str, language: str) -> Iterator[bytes]:
        """The log as CSV, piece by piece: all of it, or the events of one type."""
        return self.api.stream(self.at("activity.csv"), type=type, language=language)
