"""Broken: a consumer that commits no attempt before it tries an event."""

from kit import cursors

cursors.Reader._begin_attempt = lambda *_: True
