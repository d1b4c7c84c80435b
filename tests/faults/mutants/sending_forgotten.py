"""A mail that was being sent when its worker died is never looked at again."""

from notifier import commands, domain
from notifier.models import Notice

commands._DUE = commands._DUE.where(Notice.state == domain.QUEUED)
