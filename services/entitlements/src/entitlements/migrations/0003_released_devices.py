"""A released device is remembered; so are wrong codes, for a few minutes."""

import peewee

from kit.db import Instant


def up(migrator, db):
    class Guess(peewee.Model):
        caller = peewee.TextField()
        code = peewee.TextField()
        tried_at = Instant(index=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "guesses"
            primary_key = peewee.CompositeKey("caller", "code")

    migrator.migrate(migrator.add_column("devices", "released_at", Instant(null=True)))
    db.create_tables([Guess])
