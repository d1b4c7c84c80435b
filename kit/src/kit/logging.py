"""Structured logs: one JSON object a line, with the service and the correlation of the request."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from kit import context
from kit.settings import service_name

PASSWORD = re.compile(r"(\w://[^\s:/@]*:)\S*@")  # up to the last @: some stand in passwords


def _add_context(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    entry["service"] = service_name()
    if known := context.acting_now.get():
        entry.setdefault("correlation", known.correlation)
        entry.setdefault("actor", known.actor)
    return entry


def without_passwords(text: str) -> str:
    """The text with *** for the password of each URL in it: errors of libraries repeat what they were given."""
    return PASSWORD.sub(r"\1***@", text) if "://" in text else text


def _hide_passwords(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in entry.items():
        if isinstance(value, str):
            entry[name] = without_passwords(value)
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
            _hide_passwords,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
