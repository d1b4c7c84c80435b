"""Broken: a notifier for which every trouble with the mail server is the end."""

from notifier import commands, domain

commands._try_later = lambda notice, reason: commands._record(notice, domain.FAILED, reason)
