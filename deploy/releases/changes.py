"""What a change of contracts means: what is new, what is gone, and whom it breaks, by name.

It is judged as a deployment is: against everybody as last released, and against a consumer whom nobody knows,
who relies on all that the last release promised.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from releases import judge, shapes
from releases.records import Release

PARTS = {"data": "", "takes": "body: ", "asks": "query: ", "answers": "answer: "}


class Change(NamedTuple):
    """Of an event or an operation. `differs`: what is new, gone or otherwise; `breaks`: whom, in sentences."""

    contract: str
    differs: list[str]
    breaks: list[str]

    def __str__(self) -> str:
        lines = [self.contract, *self.differs, *(f"BREAKS: {reason}" for reason in self.breaks)]
        return "\n  ".join(lines)


def between(last: Release, now: Release, others: Sequence[Release]) -> list[Change]:
    """What becomes of what the unit promised; `others` run beside it."""
    differs = dict(_differs(last.announces, now.announces)) | dict(_differs(last.serves, now.serves))
    broken = list(judge.broken(now, [last], [*others, stranger(last)]))
    found = (
        Change(f"{now.unit}: {one}", said, [reason for contract, reason in broken if contract == one])
        for one, said in differs.items()
    )
    return [change for change in found if change.differs or change.breaks]


def stranger(last: Release) -> Release:
    """Somebody outside, who reads and sends all that there is."""
    as_told = {type_: shapes.tolerant(said["data"]) for type_, said in last.announces.items()}
    known = {one: {**served, "sends": None, "asked": None} for one, served in last.serves.items()}
    name = f"any consumer that knows {last.unit}"
    return Release(name, last.version, reads={last.unit: as_told}, calls={last.unit: known})


def _differs(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Event or operation → what is otherwise."""
    for one in sorted(before.keys() | after.keys()):
        if one in before and one in after:
            yield one, list(_otherwise(before[one], after[one]))
        else:
            yield one, ["is gone" if one in before else "is new"]


def _otherwise(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if before.get("must") is not after.get("must"):
        yield "must be understood" if after["must"] else "need not be understood any more"
    for part, name in PARTS.items():
        was = dict(shapes.described(before.get(part, shapes.ANYTHING)))
        is_ = dict(shapes.described(after.get(part, shapes.ANYTHING)))
        for field in sorted(was.keys() | is_.keys()):
            if field not in was:
                yield f"{name}{field} is new: {is_[field]}"
            elif field not in is_:
                yield f"{name}{field} is gone"
            elif was[field] != is_[field]:
                yield f"{name}{field} was {was[field]}; is {is_[field]}"
