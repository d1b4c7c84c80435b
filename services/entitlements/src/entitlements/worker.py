"""Wiring of the worker process."""

from entitlements import commands
from kit import idempotency
from kit.settings import Settings
from kit.worker import Job


def jobs(_settings: Settings) -> dict[str, Job]:
    return {
        "forget old answers": Job(3600, idempotency.forget_old),
        "forget guesses": Job(300, commands.forget_guesses),
    }
