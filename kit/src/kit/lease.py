"""One worker of a service at a time reads and relays; the lease is for order and economy."""

import os
import socket

import peewee

from kit import clock, db

WORKER = "worker"  # the one lease there is
LASTS = 10 * clock.SECOND
HOLDER = f"{socket.gethostname()}:{os.getpid()}:{clock.new_id()[-6:]}"
HELD = "EXISTS (SELECT 1 FROM leases WHERE holder = {})"  # condition of a statement: it is HOLDER's


class Lease(db.Table):
    name = peewee.TextField(primary_key=True)
    holder = peewee.TextField()
    expires_at = db.Instant()


def take() -> bool:
    """Take or keep the lease; False while another process holds it."""
    with db.atomic():
        now = db.now()
        ours = {Lease.holder: HOLDER, Lease.expires_at: now + LASTS}
        may = (Lease.holder == HOLDER) | (Lease.expires_at < now)
        taking = Lease.insert({Lease.name: WORKER, **ours})
        return db.changed_one(taking.on_conflict(conflict_target=[Lease.name], update=ours, where=may))


def release() -> None:
    """Let another worker start at once."""
    with db.atomic():
        Lease.delete().where(Lease.holder == HOLDER).execute()
