"""What each person was called at which time, and whether an account wants mails about new devices."""

import json
import uuid

import peewee

from kit.db import Id, Instant

CHUNK = 1000


def up(migrator, db):
    class Table(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class MemberName(Table):
        id = Id(primary_key=True)
        member = Id()
        since = Instant()
        name = peewee.TextField()
        email = peewee.TextField()

        class Meta:
            table_name = "member_names"
            indexes = ((("member", "since"), False),)

    class Activity(Table):
        id = Id(primary_key=True)
        time = Instant()
        type = peewee.TextField()
        source = peewee.TextField()
        data = peewee.TextField()
        undone_at = Instant(null=True)

        class Meta:
            table_name = "activities"

    db.create_tables([MemberName])
    describing = Activity.type.in_(("member.added", "member.changed")) & (Activity.source == "entitlements")
    last = None
    while True:
        rows = Activity.select().where(describing & Activity.undone_at.is_null())
        rows = rows if last is None else rows.where(Activity.id > last)
        page = list(rows.order_by(Activity.id).limit(CHUNK))
        if not page:
            break
        last = page[-1].id
        names = [name for row in page if (name := _name(row)) is not None]
        if names:
            MemberName.insert_many(names).execute()
    migrator.migrate(migrator.add_column("accounts", "new_device_mail", peewee.BooleanField(null=True)))


def _name(activity):
    """Return the row of a logged event; None when the event lacks what every release has published."""
    data = json.loads(activity.data)
    try:
        described = {"member": str(uuid.UUID(data["member_id"])), "name": data["name"], "email": data["email"]}
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return {"id": activity.id, "since": activity.time, **described}
