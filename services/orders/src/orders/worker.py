"""Wiring of the worker process."""

from kit import idempotency
from kit.worker import Job
from orders import commands, payments, settings

PROVIDERS = payments.available(settings.sandbox_settle_after())

JOBS = {
    "settle payments": Job(1, lambda: commands.settle_payments(PROVIDERS)),
    "close overdue orders": Job(5, commands.close_overdue_orders),
    "forget old answers": Job(3600, idempotency.forget_old),
    "forget old quotes": Job(3600, commands.forget_old_quotes),
}
