"""Routes: load, call a command or a query, dump."""

from entitlements.api import accounts, activations, checks, domains, members, seats, sign_ins

BLUEPRINTS = [module.blueprint for module in (accounts, domains, members, seats, checks, activations, sign_ins)]
