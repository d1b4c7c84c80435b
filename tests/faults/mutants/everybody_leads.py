"""Broken: a lease that everybody gets."""

from kit import lease

lease.take = lease.held = lambda *_: True
