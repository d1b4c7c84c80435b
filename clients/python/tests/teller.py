"""Entitlements as far as a client sees it, over real HTTP: it tells a story that tests write."""

import json
import threading
import time
import uuid
from collections import defaultdict
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

FEATURES = {
    "eco": {"attachments.max_mb": 0, "retrieval": False},
    "pro": {"attachments.max_mb": 2560, "retrieval": True},
}
RANKS = {"eco": 1, "pro": 3}


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Teller:
    """assign(), unassign(), tell(); `stories`: account → envelopes; `page`: holders in one of the snapshot."""

    def __init__(self) -> None:
        self.stories: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.held: dict[str, dict[tuple[str, str], str]] = defaultdict(
            dict
        )  # account → (member, plan) → status
        self.moved: dict[str, str] = {}
        self.asked: list[str] = []
        self.away, self.refusal = False, 503
        self.unreadable: set[str] = set()  # accounts
        self.page = 3
        self.name, self.garbage = "entitlements", ""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    # What happens -------------------------------------------------------------------------------

    def assign(
        self, account: str, member: str, plan: str = "pro", type_: str = "license.assigned", **more: Any
    ):
        status = more.pop("status", "active")
        self.held[account][member, plan] = status
        granted = {"rank": RANKS[plan], "status": status, "features": FEATURES[plan]}
        return self.tell(account, type_, member_id=member, plan=plan, **granted, **more)

    def unassign(self, account: str, member: str, plan: str = "pro"):
        self.held[account].pop((member, plan), None)
        return self.tell(account, "license.unassigned", member_id=member, plan=plan)

    def forget(self, account: str):
        """As if it had been restored to a time before the account."""
        for known in (self.stories, self.held, self.moved):
            del known[account]

    def tell(self, account: str, type_: str, must: bool = False, **data: Any) -> dict[str, Any]:
        story = self.stories[account]
        envelope = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": self.name,
            "type": type_,
            "subject": account,
            "sequence": str(len(story) + 1),
            "time": now(),
            "actor": "service:entitlements",
            "correlation": "tests",
            "datacontenttype": "application/json",
            "data": data,
            **({"previous": story[-1]["id"]} if story else {}),
            **({"must": True} if must else {}),
        }
        story.append(envelope)
        self.moved[account] = envelope["time"]
        return envelope

    # What is asked ------------------------------------------------------------------------------

    def snapshot(self, account: str = "", cursor: str = "") -> dict[str, Any]:
        # A stream has no event yet while `assign`, in another thread, makes its first one.
        accounts = [one for one in sorted(self.stories) if self.stories[one] and account in ("", one)]
        rows = [(one, key) for one in accounts for key in sorted(self.held[one]) or [("", "")]]
        start = int(cursor or 0)
        grants, items = [], {}
        for one, (member, plan) in rows[start : start + self.page]:
            last = self.stories[one][-1]
            item = items.setdefault(
                one,
                {
                    "account_id": one,
                    "sequence": len(self.stories[one]),
                    "id": last["id"],
                    "at": last["time"],
                    "holders": [],
                },
            )
            if member:
                status = self.held[one][member, plan]
                grant = {"plan": plan, "rank": RANKS[plan], "status": status, "features": FEATURES[plan]}
                if grant not in grants:
                    grants.append(grant)
                item["holders"].append({"grant": grants.index(grant), "members": [member]})
        more = start + self.page < len(rows)
        return {
            "grants": grants,
            "items": list(items.values()),
            "next": str(start + self.page) if more else None,
        }

    def streams(self, since: str = "", cursor: str = "") -> dict[str, Any]:
        moved = [account for account, at in sorted(self.moved.items()) if at >= since]
        items = [
            {"subject": one, "head": len(self.stories[one]), "id": self.stories[one][-1]["id"]} for one in moved
        ]
        return {"items": items, "next": None, "now": now()}

    def events(self, subject: str, after: str, limit: str) -> dict[str, Any]:
        return {"items": self.stories.get(subject, [])[int(after) : int(after) + int(limit)]}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        teller = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                teller.asked.append(url.path)
                name, query = url.path.rpartition("/")[2], dict(parse_qsl(url.query))
                away = teller.away or query.get("subject") in teller.unreadable
                body = {"detail": "away"} if away else getattr(teller, name)(**query)
                text = (teller.garbage or json.dumps(body)).encode()
                self.send_response(teller.refusal if away else 200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def until(found, seconds: float = 30):
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.005)
    return answer


def knows(client, member, feature="retrieval"):
    return until(lambda: client.allows(member, feature))
