"""The snapshot reads who holds what by account."""


def up(_migrator, db):
    db.execute_sql(
        'CREATE INDEX assignments_of_account ON assignments (account, member, id) WHERE ("ended_at" IS NULL)'
    )
