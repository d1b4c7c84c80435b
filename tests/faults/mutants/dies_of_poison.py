"""Broken: a handler that ends its process when an event carries `poison`, as one that eats all memory does."""

import os
import signal

from kit import cursors

handle = cursors.Reader._handle


def handle_or_die(self, event: cursors.Arrived) -> None:
    if event.data.get("poison"):
        os.kill(os.getpid(), signal.SIGKILL)
    handle(self, event)


cursors.Reader._handle = handle_or_die
