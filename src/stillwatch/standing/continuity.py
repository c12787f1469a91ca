"""Ids that last: what becomes of every known campaign at a look, and of every ring of it.

    a ring with most of a campaign's accounts, or the other way round    keeps its id, however it has grown or shrunk
    two parts of one campaign                                            the larger keeps the id, the other names it
    two campaigns in one ring                                            the elder's id goes on, the other is `merged`
    a merged one that parts again                                        gets its own id back
    a known wrapper under accounts that are all new                      gets its id back, and starts from no evidence
    a campaign that is not seen                                          is dormant, and never deleted

What was decided about a campaign's accounts is not inherited by the accounts that use its wrapper next: they may be
customers of a tool that has been published since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from stillwatch.standing.matching import Matched, match
from stillwatch.standing.register import Change, Entry, Known, Register
from stillwatch.standing.sighting import Sighting

_RANK = {"active": 0, "dormant": 1, "merged": 2}


@dataclass(frozen=True, slots=True)
class Moment:
    """Which look this is, and its day."""

    look: int
    day: int


def canonical_order(rings: Sequence[Sighting]) -> list[int]:
    """Places of the rings in an order that depends on what they are and not on how they were found.

    Names of accounts break the last tie only, between rings that nothing else tells apart.
    """

    def told_apart(place: int) -> tuple[int, int, int, str, list[str], list[str]]:
        ring = rings[place]
        size = len(ring.accounts)
        return (-size, -ring.exchanges, ring.first_us, ring.name, sorted(ring.skeleton), sorted(ring.accounts))

    return sorted(range(len(rings)), key=told_apart)


def matched_with(register: Register, rings: Sequence[Sighting]) -> tuple[list[Known], Matched]:
    """The campaigns that have anything in common with a look's rings, the foremost first, and who is who."""
    people = frozenset[str]().union(*(ring.accounts for ring in rings))
    values = frozenset[str]().union(*(ring.skeleton for ring in rings))
    near = [
        known
        for known in register.campaigns.values()
        if not (known.accounts.isdisjoint(people) and known.skeleton.isdisjoint(values))
    ]
    near.sort(key=lambda known: (_RANK[known.status], known.number))
    pairs = [(known.accounts, known.skeleton) for known in near]
    return near, match(pairs, [(ring.accounts, ring.skeleton) for ring in rings])


def recognised(register: Register, rings: Sequence[Sighting], day: int) -> tuple[Register, tuple[str, ...]]:
    """The register after a look at `rings` (in canonical order), and each ring's id."""
    at = Moment(register.looks + 1, day)
    near, matched = matched_with(register, rings)
    taken = set(register.campaigns)
    changed: dict[str, Known] = {}
    ids: list[str] = []
    for place, ring in enumerate(rings):
        number, by_wrapper = matched.known_of[place], place in matched.by_wrapper
        if number is not None:
            known = _again(near[number], ring, register, at, by_wrapper=by_wrapper)
        else:
            whole = near[matched.part_of[place]] if place in matched.part_of else None
            known = _first(ring, taken, whole, at, by_wrapper=by_wrapper)
        taken.add(known.id)
        changed[known.id] = known
        ids.append(known.id)
    for number, place in sorted(matched.merged_into.items()):
        one, into = _merged(near[number], changed[ids[place]], at)
        changed[one.id], changed[into.id] = one, into
    gone = [known for known in register.campaigns.values() if known.status == "active" and known.id not in changed]
    changed |= {known.id: _dormant(known, at) for known in gone}
    return replace(register.with_campaigns(changed.values()), looks=at.look, day=day), tuple(ids)


def _again(known: Known, ring: Sighting, register: Register, at: Moment, *, by_wrapper: bool) -> Known:
    """A campaign that was known, as this ring."""
    common = len(known.accounts & ring.accounts)
    said = f"{len(ring.accounts)} accounts, {common} of the {len(known.accounts)} seen last among them"
    change: Change = "same"
    if by_wrapper:
        change, said = "new accounts", _same_wrapper(known, ring)
        known = _forgetting(known)
    elif known.status == "dormant":
        change, said = "returned", f"seen again after {at.day - known.history[-2].day} days; {said}"
    elif known.status == "merged":
        change, said = "separate again", f"no longer one ring with {known.merged_into}; {said}"
        known = _having_used(known, register.campaigns[str(known.merged_into)])
    skeleton = ring.skeleton or known.skeleton
    seen = replace(known, accounts=ring.accounts, skeleton=skeleton, stratum=ring.stratum)
    return _noted(replace(seen, status="active", merged_into=None), _entry(ring, at, change, said))


def _same_wrapper(known: Known, ring: Sighting) -> str:
    agree, common = len(known.skeleton & ring.skeleton), len(known.accounts & ring.accounts)
    return (
        f"same wrapper under new accounts: {agree} of its {len(known.skeleton)} skeleton values, and {common} of its "
        f"{len(known.accounts)} accounts"
    )


def _first(ring: Sighting, taken: set[str], whole: Known | None, at: Moment, *, by_wrapper: bool) -> Known:
    """A ring that no id goes on in; `whole`: the campaign that it is a part of."""
    known = Known(_free_id(ring, taken), len(taken) + 1, ring.accounts, ring.skeleton, ring.stratum)
    if whole is None:
        return _noted(known, _entry(ring, at, "new", f"first seen: {len(ring.accounts)} accounts"))
    known = replace(known, parent=whole.id)
    common = len(whole.accounts & ring.accounts)
    said = f"part of {whole.id}: {common} of these {len(ring.accounts)} accounts were in it"
    if by_wrapper:
        said = f"same wrapper as {whole.id} under new accounts, as a ring of its own"
    else:
        known = _having_used(known, whole)
    return _noted(known, replace(_entry(ring, at, "part", said), others=(whole.id,)))


def _merged(known: Known, into: Known, at: Moment) -> tuple[Known, Known]:
    """A campaign most of whose accounts are now in another one, and that one."""
    was_there = known.merged_into == into.id
    one = replace(known, status="merged", merged_into=into.id)
    into = _having_used(into, known)
    if was_there:
        return one, into
    common = len(known.accounts & into.accounts)
    said = f"{common} of its {len(known.accounts)} accounts are now in {into.id}"
    one = _noted(one, Entry(at.look, at.day, "merged", said, common, others=(into.id,)))
    last = into.history[-1]
    told = replace(last, statement=f"{last.statement}; absorbs {known.id}", others=(*last.others, known.id))
    return one, replace(into, history=(*into.history[:-1], told))


def _dormant(known: Known, at: Moment) -> Known:
    said = f"not seen; {len(known.accounts)} accounts when last seen"
    return _noted(replace(known, status="dormant"), Entry(at.look, at.day, "dormant", said, 0))


def _forgetting(known: Known) -> Known:
    """Without what was found out about accounts that are gone: the new ones have not been tried."""
    old = known.hypothesis
    past = (*known.past, old) if old is not None and old.is_discovery else known.past
    return replace(known, hypothesis=None, past=past, tried_from=-1, tried_through=-1)


def _having_used(known: Known, other: Known) -> Known:
    """Days that served to try `other` cannot serve again for accounts that come from it."""
    if other.tried_through < 0:
        return known
    begun = [day for day in (known.tried_from, other.tried_from) if day >= 0]
    return replace(known, tried_from=min(begun), tried_through=max(known.tried_through, other.tried_through))


def _entry(ring: Sighting, at: Moment, change: Change, said: str) -> Entry:
    return Entry(at.look, at.day, change, said, len(ring.accounts), ring.exchanges, ring.verdict, ring.log_e)


def _noted(known: Known, entry: Entry) -> Known:
    return replace(known, history=(*known.history, entry))


def _free_id(ring: Sighting, taken: set[str]) -> str:
    """What the review calls it, as long as nothing was ever called so; a ring that it does not name gets a number."""
    name = ring.name or f"R-{len(taken) + 1}"
    if name not in taken:
        return name
    number = 2
    while f"{name}.{number}" in taken:
        number += 1
    return f"{name}.{number}"
