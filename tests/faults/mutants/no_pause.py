"""Broken: a worker that asks the broker again at once."""

from kit import broker

broker.random.uniform = lambda *_: 0.001
