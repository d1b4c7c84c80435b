"""Broken: a consumer that trusts the broker alone and never reads the logs."""

from kit import catchup

catchup.CatchUp.look = catchup.CatchUp.fetch = lambda self, beat=None: None
