"""Wiring of the worker process."""

from kit import idempotency
from kit.worker import Job

JOBS = {"forget old answers": Job(3600, idempotency.forget_old)}
