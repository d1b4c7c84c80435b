"""Broken: an activity log that takes an event twice without a word, the notifier's second line of defence."""

from notifier.models import Activity

insert = Activity.insert
Activity.create = classmethod(lambda _, **row: insert(**row).on_conflict_ignore().execute())
