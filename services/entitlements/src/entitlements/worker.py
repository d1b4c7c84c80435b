"""Wiring of the worker process."""

from entitlements import commands
from entitlements.commands.spellings import Respelling
from kit import idempotency, limits
from kit.settings import Settings
from kit.worker import Job


def jobs(_settings: Settings) -> dict[str, Job]:
    return {
        "forget old answers": Job(3600, idempotency.forget_old),
        "forget limit counts": Job(60, limits.forget_expired),
        "forget sessions": Job(3600, commands.forget_sessions),
        "respell names": Job(3600, Respelling().respell_names),
        "forget guesses": Job(300, commands.forget_guesses),
    }
