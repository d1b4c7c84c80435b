"""The tables: the activity log, notices and their delivery, our copies of accounts, members and plans."""

import json
from typing import Any

import peewee

from kit import db
from notifier import domain


class Json(peewee.TextField):
    """JSON as text: PostgreSQL's own type refuses characters that another service may have said."""

    def db_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value)

    def python_value(self, value: str | None) -> Any:
        return None if value is None else json.loads(value)


class Activity(db.Table):
    """What happened to an account; `id` is the event's. `undone_at`: since then its source, restored from a
    backup, does not tell it any more."""

    id = db.Id(primary_key=True)
    account = db.Id()
    time = db.Instant()
    source = peewee.TextField()
    sequence = peewee.BigIntegerField()
    type = peewee.TextField()
    actor = peewee.TextField()
    address = peewee.TextField(null=True)
    data = Json()
    undone_at = db.Instant(null=True)

    class Meta:
        table_name = "activities"
        indexes = ((("account", "time", "id"), False),)


Activity.add_index(
    Activity.source,
    Activity.account,
    Activity.sequence,
    unique=True,
    where=Activity.undone_at.is_null(),
    name="activities_told",
)


class Notice(db.Table):
    """An e-mail to a member about an event, whose `id` it has, and how far it came. `subject`, `address` and
    `text` as last sent, without links. `cause` is the short name of `reason`: smtp-550-5.1.1.

    `due_at` is when a worker may take it next; `claim` names the taking, so that a worker that
    was too slow cannot record an outcome. `doubts` counts sendings whose answer never came.
    """

    id = db.Id(primary_key=True)
    account = db.Id()
    kind = peewee.TextField()
    member = db.Id()
    assignment = db.Id(null=True, index=True)
    actor = peewee.TextField()
    correlation = peewee.TextField()
    data = Json()
    state = peewee.TextField(default=domain.QUEUED)
    address = peewee.TextField(null=True)
    subject = peewee.TextField(null=True)
    text = peewee.TextField(null=True)
    reason = peewee.TextField(null=True)
    cause = peewee.TextField(null=True)
    attempts = peewee.IntegerField(default=0)
    doubts = peewee.IntegerField(default=0)
    claim = db.Id(null=True)
    due_at = db.Instant()
    created_at = db.Instant()
    resent_at = db.Instant(null=True)
    sent_at = db.Instant(null=True)
    ended_at = db.Instant(null=True)

    class Meta:
        indexes = ((("account", "id"), False),)


Notice.add_index(Notice.due_at, where=Notice.ended_at.is_null(), name="notices_due")
Notice.add_index(Notice.ended_at, where=Notice.ended_at.is_null(False), name="notices_ended")


class Account(db.Table):
    """Our copy of what mails need to know of an account."""

    id = db.Id(primary_key=True)
    name = peewee.TextField()
    locale = peewee.TextField()
    new_device_mail = peewee.BooleanField(null=True)  # null: as by default, which is on


class Member(db.Table):
    """Our copy of a person of an account; whoever left stays known by name in the activity log."""

    id = db.Id(primary_key=True)
    account = db.Id(index=True)
    email = peewee.TextField()
    name = peewee.TextField()
    locale = peewee.TextField(null=True)
    removed_at = db.Instant(null=True)


class MemberName(db.Table):
    """Name and address that a person had from `since` on; `id` is that of the event that said so.

    The activity log shows people as they were called at the time, whichever source's event comes
    first, so that renaming a person changes nothing of what the log says.
    """

    id = db.Id(primary_key=True)
    member = db.Id()
    since = db.Instant()
    name = peewee.TextField()
    email = peewee.TextField()

    class Meta:
        table_name = "member_names"
        indexes = ((("member", "since"), False),)


class Plan(db.Table):
    """Our copy of a plan's name and how to install it, in every language."""

    code = peewee.TextField(primary_key=True)
    name = Json()
    install = Json()


class Birth(db.Table):
    """One row, the instant of the first migration: nobody is written to about what happened before it."""

    id = peewee.IntegerField(primary_key=True, default=1, constraints=[peewee.Check("id = 1")])
    born_at = db.Instant()
