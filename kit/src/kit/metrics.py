"""What a process counts; served at /metrics by web, and by the worker at METRICS_PORT."""

from prometheus_client import Counter, Gauge, Histogram

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
SMTP_FAILURES = Counter(
    "smtp_failures", "Messages not taken: about the server, sender, message, later or unknown.", ["about"]
)
SMTP_UNAVAILABLE = Gauge(
    "smtp_unavailable", "1 from a refused connection or sender until the next message is taken."
)
