"""An event that its restored source tells no longer stays in the log, and leaves its place to another."""

from kit.db import Instant

PLACE = "source, account, sequence"
UNUSED_SINCE = "0.1.0"  # which writes activities without ON CONFLICT, so any index will do


def up(migrator, db):
    migrator.migrate(
        migrator.add_column("activities", "undone_at", Instant(null=True)),
        migrator.drop_index("activities", "activities_source_account_sequence"),
    )
    db.execute_sql(f'CREATE UNIQUE INDEX activities_told ON activities ({PLACE}) WHERE ("undone_at" IS NULL)')
