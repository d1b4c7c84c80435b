"""Which release gave a stream up, so that another one tries it again."""

import peewee


def up(migrator, _db):
    migrator.migrate(migrator.add_column("cursors", "stopped_by", peewee.TextField(null=True)))
