"""Functions of the product that are called for events, each once and in order, with a cursor of their own.

Once: the cursor moves after the function returned. A process that dies in between calls it again with the same
`event.id`, so a function whose effect must not be repeated remembers that id with its effect.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from seatwise.events import Event
from seatwise.source import Source
from seatwise.store import Cursor, Store

READER = "handlers"
Function = Callable[[Event], object]


class Handlers:
    """Event type → functions, in the order in which they were named; `*` for every type."""

    def __init__(self) -> None:
        self.functions: dict[str, list[Function]] = defaultdict(list)
        self._done: dict[str, tuple[str, int]] = {}  # account → id of the event that waits, how many heard it

    def of(self, type_: str) -> list[Function]:
        return [*self.functions.get(type_, ()), *self.functions.get("*", ())]

    def apply(self, store: Store, events: Sequence[Event]) -> None:
        """Consecutive events of one account. One that fails is tried again, and only its account waits."""
        for event in events:
            self._call(event)
            with store.transaction():
                store.step(READER, event)
            self._done.pop(event.account, None)

    def _call(self, event: Event) -> None:
        """Those that have not heard it; when one raises, those before it have."""
        waiting, done = self._done.get(event.account, ("", 0))
        done = done if waiting == event.id else 0
        for function in self.of(event.type)[done:]:
            function(event)
            done += 1
            self._done[event.account] = event.id, done

    @staticmethod
    def go_back(source: Source) -> Callable[[Store, Cursor], None]:
        """The story was told otherwise than we know it (a database was restored): on from what both know.

        What was said anew was said later than all that we have seen.
        """

        def forked(store: Store, cursor: Cursor) -> None:
            common = Cursor(cursor.account)
            while page := source.events(cursor.account, common.sequence):
                seen = [event for event in page if event.time <= cursor.at]
                if seen:
                    common = Cursor(cursor.account, seen[-1].sequence, seen[-1].id, seen[-1].time)
                if len(seen) < len(page):
                    break
            head = page[-1].sequence if page else common.sequence
            with store.transaction():
                store.place(READER, common._replace(head=head))

        return forked
