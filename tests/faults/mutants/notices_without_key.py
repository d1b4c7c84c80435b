"""Broken: a mail queue that takes an event twice without a word, the notifier's second line of defence."""

from kit import clock
from notifier import commands

queue = commands._QUEUE
commands._QUEUE = lambda **row: queue(**{**row, "id": clock.new_id()})
