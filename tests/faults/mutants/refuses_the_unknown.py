"""Broken: a reader that takes a type or a field which it does not know for an error."""

from marshmallow import RAISE

from kit import cursors

handle = cursors.Reader._handle


def handle_strictly(self, event: cursors.Arrived) -> None:
    handler = self.handlers[event.source].get(event.type)
    if handler is None:
        raise cursors.Stopped(f"not-understood: {event.type}")
    if handler.view:
        handler.view.load(event.data, unknown=RAISE)
    handle(self, event)


cursors.Reader._handle = handle_strictly
