"""Broken: a consumer that takes the end of its channel for the end of its work."""

from contextlib import suppress

from kit import broker

reconnecting = broker.reconnecting


def only_once(part, once, stop, beat=lambda: None) -> None:
    if part != "consumer":
        reconnecting(part, once, stop, beat)
        return
    with suppress(Exception):
        once()
    while not stop.wait(1):
        beat()


broker.reconnecting = only_once
