"""After a source was restored to an earlier moment: back to the last event that both know, and on from there.

What the source told between that moment and its end it does not know any more, though it took effect here.
"""

from collections.abc import Callable, Iterable, Iterator

import peewee

from kit import clock, cursors, db, streams
from kit.catchup import CatchUp
from kit.cursors import MOVING, Cursor
from kit.envelopes import parse_event

Undo = Callable[[str, str, int], Iterable[str]]  # source, subject, sequence → what took effect here after it


def rewind(look: CatchUp, source: str, restored_at: int, undo: Undo) -> Iterator[str]:
    """Set the cursors of `source` back; says, a sentence each, what took effect here and is told no longer.

    `restored_at`: any instant after the backup and before the restored source told something new.
    ValueError when it is in the future, or the source has told another event by then.
    """
    if restored_at > clock.now():
        raise ValueError("a source cannot have been restored in the future")
    cursors_before = list(Cursor.select().where(Cursor.source == source))
    heads = {moved.subject: moved.head for page in look.pages_of_heads(source) for moved in page.heads}
    for cursor in cursors_before:
        head = heads.get(cursor.subject, 0)
        sequence, last = _shared(look, cursor, head, restored_at)
        yield from _back(cursor, sequence, last, max(head, sequence), undo)


def _shared(look: CatchUp, cursor: Cursor, head: int, restored_at: int) -> tuple[int, str | None]:
    """Place and id of the last event that the source and we know."""
    if look.still_tells(cursor):
        return cursor.sequence, cursor.last
    for place in range(min(cursor.sequence, head), 0, -1):
        [event] = map(parse_event, look.page(cursor.source, cursor.subject, place - 1, 1))
        if event.time <= restored_at:
            if place == cursor.sequence:
                raise ValueError(f"{cursor.source} told something else before that instant: it is too late")
            return place, event.id
    return 0, None


def _back(cursor: Cursor, sequence: int, last: str | None, head: int, undo: Undo) -> list[str]:
    """Nothing, where the stream is as it was; one that moved on meanwhile is left alone."""
    gone = cursor.sequence - sequence
    if not gone and head == cursor.head and cursor.stopped != cursors.CHANGED:
        return []
    unmoved = Cursor.of(cursor.source, cursor.subject) & (Cursor.sequence == cursor.sequence)
    heard_of_meanwhile = peewee.Case(None, [(Cursor.head > cursor.head, Cursor.head)], head)
    with db.atomic():
        back = Cursor.update(sequence=sequence, last=last, head=heard_of_meanwhile, **MOVING)
        if not db.changed_one(back.where(unmoved & (Cursor.last == cursor.last))) or not gone:
            return []
        found = f"{gone} events after {sequence} took effect here and are told no longer"
        streams.keep("rewind", cursor, cursor.last, found)
        return [f"{cursor.subject}: {found}", *undo(cursor.source, cursor.subject, sequence)]
