"""One row per effect."""

import peewee

from kit import db
from kit.cursors import Arrived


class Effect(db.Table):
    id = peewee.BigAutoField()
    source = peewee.TextField()
    subject = peewee.TextField()
    sequence = peewee.BigIntegerField()


def count(event: Arrived, _data: object) -> None:
    Effect.create(source=event.source, subject=event.subject, sequence=event.sequence)


def effects() -> list[tuple[str, int]]:
    return [(effect.subject, effect.sequence) for effect in Effect.select().order_by(Effect.id)]
