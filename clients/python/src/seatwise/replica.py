"""Who holds what, in memory for answers and in the file for the next start.

It begins with a snapshot and goes on with events. Every event says what it leaves behind, so a part of the
snapshot that is younger than its account's number is brought back to the same end by the events after it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from seatwise.answers import Grant, Holding
from seatwise.events import LARGEST, Event, InvalidEvent, instant, name
from seatwise.store import Cursor, Store

READER = "replica"
GRANTING = {"license.assigned", "license.changed", "license.suspended", "license.restored"}
WITHDRAWING = "license.unassigned"
NEVER = 0.0  # seconds since 1970: nothing was ever heard


class NotUnderstood(Exception):
    """An event that readers have to understand, and this release does not."""


class Replica:
    """`held`: member → what they hold, as it was at `as_of` at least; `late`: account → the instant that counts
    for its members instead, since the account waits. One thread writes it, all may read it."""

    def __init__(self) -> None:
        self.held: dict[str, Holding] = {}
        self.as_of = NEVER
        self.late: dict[str, float] = {}
        # Whoever holds the same shares it, if it is known as of the same instant; None: of the last look.
        self._holdings: dict[tuple[float | None, tuple[int, ...]], Holding] = {}
        self._grants: dict[int, Grant] = {}

    def load(self, store: Store, as_of: float) -> None:
        """All that the file knows, and since when."""
        self.as_of, self.late = as_of, store.late()
        self._grants, self._holdings = store.grants(), {}
        single = {grant_id: self._holding(None, (grant_id,)) for grant_id in self._grants}
        held: dict[str, Holding] = {}
        apart: dict[str, str] = {}
        for account, member, grant_id in store.holders():
            if member in held or account in self.late:
                apart[member] = account
            held[member] = single[grant_id]
        self.held = held
        self._look_up(store, ((account, member) for member, account in apart.items()))

    def begin(self, store: Store) -> None:
        """A snapshot comes: what was known before counts no more, nor what one that broke off has told."""
        with store.transaction():
            store.forget_all(READER)
        self.load(store, NEVER)

    def take(self, store: Store, page: dict[str, Any]) -> None:
        """A page of the snapshot. An account may go on in the next one; the number told first counts."""
        several: set[tuple[str, str]] = set()
        with store.transaction():
            ids = [self._id_of(store, _grant(one)) for one in page["grants"]]
            for item in page["items"]:
                account, seen = item["account_id"], set[str]()
                self._place(store, item)
                for held in item["holders"]:
                    members, grant_id = held["members"], ids[held["grant"]]
                    store.hold(account, members, self._grants[grant_id].plan, grant_id)
                    holding = self._holding(self.late.get(account), (grant_id,))
                    self.held.update(dict.fromkeys(members, holding))
                    several.update((account, member) for member in seen.intersection(members))
                    seen.update(members)
                several.update((account, member) for member in sorted(seen)[:1])  # may have begun a page before
        self._look_up(store, several)

    def _place(self, store: Store, item: dict[str, Any]) -> None:
        known = store.cursor(READER, item["account_id"])
        if not known.sequence:
            at = instant(item["at"])
            store.place(READER, Cursor(known.account, item["sequence"], item["id"], at, known.head))

    def take_anew(self, store: Store, account: str, pages: Iterable[dict[str, Any]]) -> None:
        """The account's story was told otherwise than we know it: only what is told now counts."""
        before = store.members_of(account)
        with store.transaction():
            store.forget(READER, account)
        try:
            for page in pages:
                self.take(store, page)
        finally:
            self._look_up(store, ((account, member) for member in before))

    def apply(self, store: Store, events: Sequence[Event]) -> None:
        """Consecutive events of one account; the file moves first, memory follows."""
        with store.transaction():
            for event in events:
                self._write(store, event)
                store.step(READER, event)
        touched = [(e.account, e.data["member_id"]) for e in events if _is_about_a_holder(e)]
        self._look_up(store, dict.fromkeys(touched))  # in order: whoever sees the last change sees all

    def renew(self, store: Store, as_of: float) -> None:
        """All of it is still so at that instant, but for accounts that could not be read on: they grow old."""
        behind = [cursor.account for cursor in store.behind(READER)]
        before, self.late = self.late, {one: self.late.get(one, self.as_of) for one in behind}
        for account in before.keys() ^ self.late.keys():
            self._look_up(store, ((account, member) for member in store.members_of(account)))
        kept = {None, *self.late.values()}
        self._holdings = {key: holding for key, holding in self._holdings.items() if key[0] in kept}
        store.note_current(as_of, self.late)
        self.as_of = as_of
        for (late, _), holding in self._holdings.items():
            if late is None:
                holding.renew(as_of)

    def _write(self, store: Store, event: Event) -> None:
        if event.must and not _is_about_a_holder(event):
            raise NotUnderstood(event.type)
        if not _is_about_a_holder(event):
            return
        member, plan = name(event.data, "member_id"), name(event.data, "plan")
        former = name(event.data, "former_plan") if event.data.get("former_plan") is not None else plan
        grant = _grant(event.data) if event.type in GRANTING else None
        store.drop(event.account, member, former)
        if grant:
            store.hold(event.account, [member], plan, self._id_of(store, grant))

    def _id_of(self, store: Store, grant: Grant) -> int:
        grant_id = store.grant_id(grant)
        self._grants[grant_id] = grant
        return grant_id

    def _look_up(self, store: Store, touched: Iterable[tuple[str, str]]) -> None:
        for account, member in touched:
            if grants := store.held_by(account, member):
                self.held[member] = self._holding(self.late.get(account), grants)
            else:
                self.held.pop(member, None)

    def _holding(self, late: float | None, grant_ids: tuple[int, ...]) -> Holding:
        known = self._holdings.get((late, grant_ids))
        if known is None:
            known = self._holdings[late, grant_ids] = Holding(
                (self._grants[grant_id] for grant_id in grant_ids), self.as_of if late is None else late
            )
        return known


def _is_about_a_holder(event: Event) -> bool:
    return event.type == WITHDRAWING or event.type in GRANTING


def _grant(told: dict[str, Any]) -> Grant:
    """What a license allows; the rank of a plan was not told by the first releases.

    InvalidEvent for what could be written into the file, and would keep it from being read.
    """
    rank, features = told.get("rank", 0), told.get("features")
    if not isinstance(rank, int) or not -LARGEST <= rank <= LARGEST:
        raise InvalidEvent("rank is no whole number")
    if not isinstance(features, dict):
        raise InvalidEvent("features is no object")
    return Grant(name(told, "plan"), rank, name(told, "status"), features)
