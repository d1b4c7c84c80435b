"""Wiring of the worker process."""

from kit import idempotency, limits
from kit.settings import Settings
from kit.worker import Job
from orders import commands, payments
from orders.settings import sandbox_settle_after


def jobs(_settings: Settings) -> dict[str, Job]:
    providers = payments.available(sandbox_settle_after())
    return {
        "settle payments": Job(1, lambda: commands.settle_payments(providers)),
        "close overdue orders": Job(5, commands.close_overdue_orders),
        "forget old answers": Job(3600, idempotency.forget_old),
        "forget limit counts": Job(60, limits.forget_expired),
        "forget old quotes": Job(3600, commands.forget_old_quotes),
    }
