"""The sign of life of a service's workers: one row, written on each start and by the leader every 10 s.

Web processes serve gauges from it, so a worker that restarts every few seconds, or runs nowhere, is seen
although it serves no metrics itself.
"""

import peewee
import structlog

from kit import clock, db, lease, metrics

log = structlog.get_logger()

EVERY = 10  # seconds
STALE = 30  # seconds; longer than another worker needs to take the lease
_was_stale = False


class Heartbeat(db.Table):
    """`starts` counts all starts of workers, `started_at` is the last of them; `beat_at` is the leader's last
    sign of life, `applied` the last event that it applied, at `applied_at`."""

    name = peewee.TextField(primary_key=True)
    starts = peewee.BigIntegerField()
    started_at = db.Instant()
    leader = peewee.TextField(null=True)
    beat_at = db.Instant(null=True)
    applied = db.Id(null=True)
    applied_at = db.Instant(null=True)


def note_start() -> None:
    """Count the start of a worker process."""
    with db.atomic():
        now = db.now()
        first = {Heartbeat.name: lease.WORKER, Heartbeat.starts: 1, Heartbeat.started_at: now}
        again = {Heartbeat.starts: Heartbeat.starts + 1, Heartbeat.started_at: now}
        Heartbeat.insert(first).on_conflict(conflict_target=[Heartbeat.name], update=again).execute()


def beat(applied: tuple[str, int] | None) -> None:
    """Write that the leader lives, and the event that it applied last, with the instant of that."""
    values = {"leader": lease.HOLDER, "beat_at": db.now()}
    if applied:
        values |= {"applied": applied[0], "applied_at": applied[1]}
    with db.atomic():
        Heartbeat.update(**values).where(Heartbeat.name == lease.WORKER).execute()


def measure() -> None:
    """Refresh the gauges; log once when the heartbeat becomes stale, and once when it is back."""
    global _was_stale
    row = Heartbeat.get_or_none(Heartbeat.name == lease.WORKER)
    beat_at = row.beat_at if row else None
    age = float("inf") if beat_at is None else max(0.0, (db.now() - beat_at) / clock.SECOND)
    metrics.WORKER_HEARTBEAT_AGE.set(age)
    metrics.WORKER_STARTS.set(row.starts if row else 0)
    metrics.WORKER_LAST_APPLIED.set(((row and row.applied_at) or 0) / clock.SECOND)
    if (age > STALE) != _was_stale:
        _was_stale = age > STALE
        facts = {
            "seconds": beat_at and age,
            "starts": row.starts if row else 0,
            "leader": row.leader if row else None,
        }
        if _was_stale:
            log.error("worker_silent", **facts)
        else:
            log.warning("worker_back", **facts)
