"""Why a mail is not sent also has a short name, by which operators list and resend."""

import peewee


def up(migrator, _db):
    migrator.migrate(migrator.add_column("notices", "cause", peewee.TextField(null=True)))
