"""Broken: a relay that marks events as sent before the broker has confirmed them."""

from kit import relay

unsent, mark_sent = relay.unsent, relay.mark_sent


def marked(limit: int) -> list[relay.Outbox]:
    window = unsent(limit)
    if window:
        mark_sent(window)
    return window


relay.unsent = marked
