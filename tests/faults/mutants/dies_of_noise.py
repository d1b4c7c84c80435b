"""Broken: a consumer for which a message that is no event is an error like any other."""

from kit import cursors, envelopes

parse = envelopes.parse


def strictly(body: bytes | str) -> cursors.Arrived:
    try:
        return parse(body)
    except ValueError as error:
        raise RuntimeError(f"what is this? {error}") from error


envelopes.parse = strictly
