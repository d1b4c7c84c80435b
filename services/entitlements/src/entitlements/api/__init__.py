"""Routes: load, call a command or a query, dump."""

from entitlements.api import (
    accounts,
    activations,
    addresses,
    checks,
    domains,
    members,
    seats,
    sessions,
    sign_ins,
)

MODULES = (accounts, domains, members, seats, checks, activations, addresses, sign_ins, sessions)
BLUEPRINTS = [module.blueprint for module in MODULES]
