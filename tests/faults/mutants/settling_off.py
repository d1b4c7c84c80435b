"""Broken: orders that never asks a provider again."""

from orders import commands

commands.settle_payments = lambda _: False
