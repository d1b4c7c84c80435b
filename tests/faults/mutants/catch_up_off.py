"""Broken: a consumer that trusts the broker alone and never reads the logs."""

from kit import catchup


def nothing(*_: object) -> None: ...


catchup.CatchUp.look = catchup.CatchUp.fetch = nothing
