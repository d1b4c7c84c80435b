"""What the catalog listens to: nothing."""

from kit.cursors import Handlers

HANDLERS: Handlers = {}
