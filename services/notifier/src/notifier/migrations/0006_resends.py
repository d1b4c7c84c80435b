"""A notice that an operator sends again has three days from then on."""

from kit.db import Instant


def up(migrator, _db):
    migrator.migrate(migrator.add_column("notices", "resent_at", Instant(null=True)))
