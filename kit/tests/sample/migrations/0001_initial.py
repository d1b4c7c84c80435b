"""The table of effects."""

import peewee


def up(_migrator, db):
    class Effect(peewee.Model):
        id = peewee.BigAutoField()
        source = peewee.TextField()
        subject = peewee.TextField()
        sequence = peewee.BigIntegerField()

        class Meta:
            database = db
            table_name = "effects"

    db.create_tables([Effect])
