"""Not broken, but slow: a relay that marks its first window after eight seconds, in which it can be frozen."""

import time

from kit import relay

mark_sent, pauses = relay.mark_sent, [8]


def mark_slowly(window: list[relay.Outbox]) -> None:
    time.sleep(pauses.pop() if pauses else 0)
    mark_sent(window)


relay.mark_sent = mark_slowly
