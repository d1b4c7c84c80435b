"""Structured logs: one JSON object a line, with the service and the correlation of the request."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from kit import context
from kit.settings import service_name


def _add_context(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    entry["service"] = service_name()
    if known := context.acting_now.get():
        entry.setdefault("correlation", known.correlation)
        entry.setdefault("actor", known.actor)
    return entry


def configure(level: str) -> None:
    """Log to standard error from `level` on; libraries from WARNING on."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # it logs every refused connection at length
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_context,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
