"""Broken: a mail queue that takes an event twice without a word, the notifier's second line of defence."""

from kit import clock
from notifier.models import Notice

insert = Notice.insert
Notice.insert = classmethod(lambda _, **row: insert(**{**row, "id": clock.new_id()}))
