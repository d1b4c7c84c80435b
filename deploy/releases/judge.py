"""Whether a release can go where others run: each reason against it is a sentence.

While it is rolled out the one before it still runs, and both have to understand everybody. The logs are kept,
so a reader must manage whatever a version that was ever deployed there has announced.
"""

from collections.abc import Iterator, Mapping, Sequence

from releases import shapes
from releases.records import EVERYBODY, KIT, Release, numbers
from releases.steps import Applied

There = Mapping[str, Sequence[Release]]  # unit → what was ever deployed; the last one runs
Broken = tuple[str, str]  # the event or operation, and who does not manage it and why


def reasons(candidate: Release, there: There) -> list[str]:
    """Why it cannot be deployed there; nothing when it can."""
    own = there.get(candidate.unit, ())
    found: list[str] = []
    for unit, versions in there.items():
        if unit != candidate.unit and versions:
            found += (reason for _, reason in broken(candidate, own[-1:], versions[-1:]))
            found += (reason for version in versions for _, reason in _unread(candidate, version))
            found += (reason for _, reason in _uncalled(candidate, versions[-1]))
    found += _schema(candidate, own)
    return list(dict.fromkeys(found))


def broken(candidate: Release, before: Sequence[Release], others: Sequence[Release]) -> Iterator[Broken]:
    """Who of the others does not manage what the candidate announces and serves; `before`: what it replaces."""
    for other in others:
        yield from _unread(other, candidate, before)
        yield from _uncalled(other, candidate)


def in_order(candidates: Sequence[Release], there: There) -> tuple[list[Release], list[str]]:
    """The candidates in an order in which they can be deployed; the reasons against those that cannot."""
    ordered: list[Release] = []
    left, now = list(candidates), dict(there)
    while ready := [one for one in left if not reasons(one, now)]:
        ordered.append(ready[0])
        left.remove(ready[0])
        now[ready[0].unit] = [*now.get(ready[0].unit, ()), ready[0]]
    return ordered, [reason for one in left for reason in reasons(one, now)]


def _unread(reader: Release, producer: Release, before: Sequence[Release] = ()) -> Iterator[Broken]:
    """What the reader does not manage; `before`: what the producer replaces, whose types are counted on."""
    views = reader.reads.get(producer.unit)
    if views is None:
        return
    for type_, said in producer.announces.items():
        view = views.get(type_, views.get("*"))
        if view is not None:
            for difference in shapes.differences(view, said["data"]):
                yield type_, f"{reader} cannot read {type_} of {producer}: {difference}"
        elif said["must"]:
            yield type_, f"{reader} does not understand {type_} of {producer}, which its readers must"
    for earlier in before:
        for type_ in sorted(earlier.announces.keys() - producer.announces.keys()):
            if type_ in views:
                yield type_, f"{reader} waits for {type_}, which {producer} no longer announces"


def _uncalled(caller: Release, service: Release) -> Iterator[Broken]:
    """Which calls would fail."""
    for operation, known in caller.calls.get(service.unit, {}).items():
        served = service.serves.get(operation)
        if served is None:
            yield operation, f"{caller} calls {operation}, which {service} does not serve"
            continue
        let_in = set(served["lets_in"])
        if EVERYBODY not in let_in and (shut_out := set(known["lets_in"]) - let_in):
            shut = f"{service} shuts {', '.join(sorted(shut_out))} out"
            yield operation, f"{shut}, and so {caller}, at {operation}"
        said = (
            ("refuses", served["takes"], shapes.only(known["takes"], known["sends"])),
            ("refuses the query of", served["asks"], shapes.only(known["asks"], known["asked"])),
            ("answers less than known to", known["answers"], served["answers"]),
        )
        for what, wanted, given in said:
            for difference in shapes.differences(wanted, given):
                yield operation, f"{service} {what} {caller} at {operation}: {difference}"


def _schema(candidate: Release, own: Sequence[Release]) -> Iterator[str]:
    """The database has what every version deployed there brought; migrations are never taken back."""
    applied = {one.name: one for version in own for one in version.migrations}
    brought = {one.name: one for one in candidate.migrations}
    for one in applied.values():
        if one.name not in brought:
            for reason in _bereft(candidate, one):
                yield f"{candidate} cannot run on the database there: {reason}"
    for version in own[-1:]:
        for one in brought.values():
            if one.name not in applied:
                for reason in _bereft(version, one):
                    yield f"{version} still runs there while {candidate} migrates: {reason}"


def _bereft(version: Release, migration: Applied) -> Iterator[str]:
    """What the migration takes away from the version."""
    owner = migration.name.partition(" ")[0]
    own = version.kit if owner == KIT else version.version
    for what, taken in migration.steps:
        table, _, column = taken.partition(".")
        used = column in version.uses.get(table, ()) if column else table in version.uses
        if taken and used:
            yield f"{migration.name} {what}, which {version} uses"
        elif not migration.unused_since or numbers(own) < numbers(migration.unused_since):
            since = migration.unused_since or "no release that it names"
            yield f"{migration.name} {what}, which is unused since {owner} {since}"


def unripe(release: Release, recorded: Mapping[str, Sequence[Release]]) -> Iterator[str]:
    """Contracting migrations that come too early: the release that stopped using the thing must be out already.

    `recorded`: unit (and kit) → its recorded releases.
    """
    for migration in release.migrations:
        owner = migration.name.partition(" ")[0]
        if not migration.steps:
            continue
        does = "; ".join(what for what, _ in migration.steps)
        if not migration.unused_since:
            yield f'{migration.name} {does}: it must say UNUSED_SINCE = "<the release that stopped using it>"'
            continue
        named = next((one for one in recorded.get(owner, ()) if one.version == migration.unused_since), None)
        if named is None:
            yield f"{migration.name} {does}: {owner} {migration.unused_since} is not released yet"
        elif migration.name in {one.name for one in named.migrations}:
            yield f"{migration.name} {does}: {named} is the release that brings it, not one before"
        else:
            yield from (f"{one}, although it is said not to" for one in _bereft(named, migration))
