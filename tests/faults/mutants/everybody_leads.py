"""Broken: a lease that everybody gets."""

from kit import lease

lease.take = lambda *_: True
lease.HELD = "{} <> ''"
