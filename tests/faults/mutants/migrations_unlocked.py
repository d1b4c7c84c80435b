"""Broken: migrations that do not wait for each other."""

from kit import db

db._one_at_a_time = db.database.connection_context
