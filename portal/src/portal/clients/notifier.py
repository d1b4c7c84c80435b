"""The notifier's API, for one account: notices sent and the activity log."""

from collections.abc import Iterator
from typing import Any

from portal.clients.http import Api, Json


class Notifier:
    def __init__(self, api: Api, account: str):
        self.api = api
        self.base = f"/v1/accounts/{account}"

    def notices(self, **filters: Any) -> Json:
        return self.api.get(f"{self.base}/notices", **filters)

    def activity(self, **filters: Any) -> Json:
        """Newest first; ?type= &cursor= &limit= &language="""
        return self.api.get(f"{self.base}/activity", **filters)

    def activity_csv(self, language: str) -> Iterator[bytes]:
        return self.api.stream(f"{self.base}/activity.csv", language=language)
