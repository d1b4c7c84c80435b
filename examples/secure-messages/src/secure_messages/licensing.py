"""Who may send what: the client of the licenses, as this product starts it."""

from collections.abc import Mapping
from pathlib import Path

import seatwise
from kit import clock, db
from secure_messages import commands


def when_stale(good_for: float) -> Mapping[str, seatwise.Stale]:
    """After so many seconds without news nobody sends: a license taken back should not send for ever. Taking
    back what was sent stays possible, because that protects people (docs/decisions/0009)."""
    return {"retrieval": seatwise.fail_open(good_for), "*": seatwise.fail_closed(good_for)}


def following(url: str, key_file: str, file: Path, broker: str | None, good_for: float) -> seatwise.Client:
    """Answers from its file at once and follows entitlements from now on."""
    licenses = seatwise.Client(
        url,
        seatwise.signed_by(key_file),
        file=file,
        broker=broker,
        name="secure-messages",
        stale=when_stale(good_for),
    )
    listen(licenses)
    return licenses.start()


def listen(licenses: seatwise.Client) -> None:
    """Have the client end sessions here when those of the portal end."""

    @licenses.on("session.ended")
    def on_session_ended(event: seatwise.Event) -> None:
        which = event.data["session_id"] or event.data["member"]["id"]
        with db.database.connection_context():
            commands.end_sessions(which, int(event.time * clock.SECOND))
