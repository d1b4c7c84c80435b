"""Sessions of the portal that ended: those here end with them."""

import peewee

from kit.db import Id, Instant


def up(_migrator, db):
    class EndedSession(peewee.Model):
        id = Id(primary_key=True)
        ended_at = Instant(index=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "ended_sessions"

    db.create_tables([EndedSession])
