"""What a hunt hands to a look beside its review: who is who, which rings nobody listed, and what fresh days say.

A frozen ring is tried on the testing days that were not used for its campaign (`look.unused_from`): on all of them
where it is new, on those after the last one used where it is known, and not at all while it is not due. Without a
benign log nothing is tried: groups of the hunted log itself are no reference that action may rest on.

Assumption: the benign reference was scored on all of its testing days and a trial on fewer. Scores say more with more
days, so that a trial on few days is worth less; docs/standing.md says what that costs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from stillwatch.campaigns.claims import NO_CLAIM, Claim, Grounds, claims
from stillwatch.campaigns.statements import Found
from stillwatch.campaigns.tested import Frozen, Tested
from stillwatch.standing.look import unused_from
from stillwatch.standing.register import Register
from stillwatch.standing.sighting import LEAST_LOG_E, Beside, Sighting, Trial
from stillwatch.tracing.calibration import Reference
from stillwatch.tracing.skeleton import Keys

Retest = Callable[[Sequence[Frozen], int], Tested | None]
"""These rings again, scored on testing days from this one on alone; None where there is no such day."""


def known_again(listed: Sequence[Found], names: Mapping[int, str]) -> Beside:
    """What ids and history need. `listed`: one for each campaign of the review, in its order."""
    pseudonyms = {name: _sealed(account) for account, name in names.items()}
    skeletons = [_fingerprints(one.candidate.keys) for one in listed]
    return Beside(skeletons=skeletons, pseudonyms=pseudonyms, heard=[one.heard for one in listed])


def with_trials(
    beside: Beside,
    listed: Sequence[Found],
    grounds: Grounds,
    register: Register,
    day: int,
    retest: Retest,
    families: frozenset[str],
) -> Beside:
    """The same, with what fresh testing days say of each ring for a look at `day`, and with the rings nobody listed.

    `grounds` must rest on a benign log.
    """
    tested = grounds.tested
    if tested is None:
        return beside
    placed = {one.frozen_as: one.claim for one in listed if one.frozen_as is not None} | dict(grounds.others)
    seen = {place: _sighting(place, claim, tested, grounds.reference) for place, claim in placed.items()}
    first_days = dict(zip(seen, unused_from(register, list(seen.values()), day), strict=True))
    tried = _trials(grounds.reference, tested, first_days, retest, families)
    return replace(
        beside,
        trials=[None if one.frozen_as is None else tried.get(one.frozen_as) for one in listed],
        unlisted=[replace(seen[place], trial=tried.get(place)) for place in grounds.others],
        units=_units_by_stratum(listed, grounds),
        leans_on={one.ring.stratum: grounds.reference.strata(one.ring.stratum) for one in listed},
    )


def units_behind(claim: Claim, reference: Reference, stratum: str) -> int:
    """How many honest groups a claim counts as resting on: the finest level of a product is a product as well.

    With K groups a kin carries no level below 1 / (K + 1). Kins that may be multiplied (`Reference.kins_multiply`, put
    to the test on the groups themselves) carry together the product of their levels; others that of one.
    """
    groups = reference.size(stratum)
    spoke = {reference.kins[family] for family, log_e in claim.log_e.items() if log_e}
    return int((groups + 1) ** max(len(spoke), 1)) - 1 if reference.kins_multiply else groups


def _sighting(place: int, claim: Claim, tested: Tested, reference: Reference) -> Sighting:
    """A frozen ring that a review does not list: nothing but its accounts, its words and its evidence is known."""
    ring, stratum = tested.rings[place], tested.scored[place].stratum
    return Sighting(
        _accounts(claim),
        "cleared",
        stratum,
        0,
        skeleton=_fingerprints(ring.keys),
        units=units_behind(claim, reference, stratum),
        log_e=max(claim.combined, LEAST_LOG_E),
        leans_on=reference.strata(stratum),
    )


def _trials(
    reference: Reference,
    tested: Tested,
    first_days: Mapping[int, int | None],
    retest: Retest,
    families: frozenset[str],
) -> dict[int, Trial]:
    """By place of a frozen ring, its trial; none where it is not due, or its accounts did nothing on fresh days."""
    found: dict[int, Trial] = {}
    for first in sorted({day for day in first_days.values() if day is not None}):
        places = [place for place, day in first_days.items() if day == first]
        rings = [tested.rings[place] for place in places]
        fresh = _on_all_days(tested, places) if first <= tested.days[0] else retest(rings, first)
        if fresh is None:
            continue
        made = claims(range(len(rings)), rings, fresh.scored, reference, families)
        days = int(fresh.days[0]), int(fresh.days[-1])
        spoke = {place: claim for place, claim in zip(places, made, strict=True) if any(claim.log_e.values())}
        found |= {place: Trial(claim.combined, *days, _accounts(claim)) for place, claim in spoke.items()}
    return found


def _on_all_days(tested: Tested, places: Collection[int]) -> Tested:
    return Tested([tested.rings[place] for place in places], [tested.scored[place] for place in places], tested.days)


def _units_by_stratum(listed: Sequence[Found], grounds: Grounds) -> dict[str, int]:
    """The least of any listed ring of the stratum that something is claimed of."""
    least: dict[str, int] = {}
    for one in listed:
        if one.claim is not NO_CLAIM:
            units = units_behind(one.claim, grounds.reference, one.ring.stratum)
            least[one.ring.stratum] = min(units, least.get(one.ring.stratum, units))
    return least


def _accounts(claim: Claim) -> frozenset[str]:
    return frozenset(_sealed(account) for account in claim.accounts.tolist())


def _sealed(account: int) -> str:
    """What the register keeps of an account: its pseudonym, as the report shows it where names are sealed."""
    return f"{account:016x}"


def _fingerprints(keys: Keys) -> frozenset[str]:
    return frozenset(f"{key:x}" for key in keys.tolist())
