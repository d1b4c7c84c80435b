"""A mail that was being sent when its worker died is never looked at again."""

from kit import db
from notifier import commands, domain
from notifier.models import Notice

commands._DUE = db.Statement(commands._DUE.query.where(Notice.state == domain.QUEUED))
