"""When a person last got the mail about their license again."""

from kit.db import Instant


def up(migrator, _db):
    migrator.migrate(migrator.add_column("assignments", "reminded_at", Instant(null=True)))
