"""What a process counts. Web and worker serve it at METRICS_PORT, never on the port of the API.

Every label comes from a closed set: what a caller invents is counted as OTHER, so the number of series
is bounded whatever arrives.
"""

from collections.abc import Callable, Collection, Iterable
from http import HTTPStatus
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

OTHER = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STATUSES = frozenset(map(int, HTTPStatus))

REQUESTS = Histogram(
    "http_request_seconds",
    "Time to answer, by route.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
EVENTS_APPLIED = Counter("events_applied", "Events that took effect.", ["source", "type"])
EVENTS_NOT_NEXT = Counter("events_not_next", "Duplicates, gaps and events of waiting streams.", ["source"])
EVENTS_UNDECODABLE = Counter("events_undecodable", "Messages that were no events.")
STREAMS_BEHIND = Gauge("streams_behind", "Streams with something left to read, stopped ones too.")
STREAMS_STOPPED = Gauge("streams_stopped", "Streams that stopped for an operator.")
OUTBOX_UNSENT = Gauge("outbox_unsent", "Events the broker has not confirmed yet.")
OUTBOX_OLDEST = Gauge("outbox_oldest_seconds", "Age of the oldest unsent event.")
RECONNECTS = Counter("broker_reconnects", "Connections to the broker that had to be made anew.", ["part"])
LEASES_TAKEN = Counter("leases_taken", "Times this process became the service's one reader and sender.")
WORKER_HEARTBEAT_AGE = Gauge(
    "worker_heartbeat_age_seconds", "Time since the leading worker's last sign of life; +Inf: there was none."
)
WORKER_STARTS = Gauge("worker_starts", "How often workers of this service started, ever.")
WORKER_LAST_APPLIED = Gauge("worker_last_applied_seconds", "When an event last took effect, as Unix time.")
SMTP_FAILURES = Counter(
    "smtp_failures", "Messages not taken: about the server, sender, message, later or unknown.", ["about"]
)
SMTP_UNAVAILABLE = Gauge(
    "smtp_unavailable", "1 from a refused connection or sender until the next message is taken."
)


def label(value: str, known: Collection[str]) -> str:
    """Return the value when it is known, and OTHER otherwise."""
    return value if value in known else OTHER


def count_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """Count one answer. `route` is the template of the route, None when the path matched none."""
    code = str(status) if status in STATUSES else OTHER
    REQUESTS.labels(label(method, METHODS), route or "unknown", code).observe(seconds)


class MetricsPort:
    """WSGI around the application: one port serves /metrics alone, the others serve the application.

    `measure` refreshes the gauges before they are read.
    """

    def __init__(self, app: Any, port: int, measure: Callable[[], None] = lambda: None):
        self.app, self.port, self.measure = app, str(port), measure

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["SERVER_PORT"] != self.port:
            answer: Iterable[bytes] = self.app(environ, start_response)
            return answer
        if environ["PATH_INFO"] != "/metrics" or environ["REQUEST_METHOD"] != "GET":
            start_response("404 Not Found", [("Content-Length", "0")])
            return [b""]
        self.measure()
        body = generate_latest()
        start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST), ("Content-Length", str(len(body)))])
        return [body]
