"""What may be claimed of a ring: linked on some days, tested on the others.

A ring is found because its accounts looked alike on the days that were searched. Evidence from those days counts the
search itself. So the verdict, which is for people, looks at all days, and the e-values, which action rests on, do not:
rings are linked a second time on linking days alone, and frozen; what their accounts do on testing days is then set
beside what honest accounts, linked in the same way, do on testing days. A ring that linking days alone do not show
claims nothing.

Null of the template family: on testing days an account keeps values that it shared with other organisations on
linking days no better than honest accounts that were linked keep theirs. Of complementarity: it is no more like the
rest of its group than honest accounts are like the rest of their stratum. Assumption: an honest account of the log is
exchangeable with the benign log's of its stratum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.gather import GATHERED_COLUMNS, Carried, gather
from stillwatch.campaigns.half import Half
from stillwatch.campaigns.measure import group_stratum, interchangeability, payloads, some_units
from stillwatch.campaigns.ring import COMPLEMENTARITY, TEMPLATE
from stillwatch.tracing.calibration import Reference
from stillwatch.tracing.skeleton import Repeated
from stillwatch.tracing.template import Candidate

Ints = NDArray[np.int64]

SAME_RING = 0.3
"""Jaccard of a ring's accounts and those of its frozen form."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Log e-values of one ring, by family; 0 where nothing may be claimed."""

    template_log_e: float = 0.0
    complementarity_log_e: float = 0.0


def claims(
    rings: Sequence[Ints],
    frozen: Sequence[Candidate],
    linking: Half,
    testing: Half,
    reference: Reference,
    rng: np.random.Generator,
) -> list[Claim]:
    """One claim for each of `rings`, which are pseudonyms of accounts; `frozen`: what linking days alone show."""
    known = [linking.seen.accounts.account[one.accounts] for one in frozen]
    matched = [_match(ring, known) for ring in rings]
    needed = sorted({number for number in matched if number is not None})
    tested = [_on_testing_days(frozen[number], known[number], testing) for number in needed]
    made = dict(zip(needed, _tested(tested, testing, reference, rng), strict=True))
    return [made[number] if number is not None else Claim() for number in matched]


def _match(ring: Ints, known: Sequence[Ints]) -> int | None:
    """Which frozen ring is this one."""
    best, most = None, SAME_RING
    for number, accounts in enumerate(known):
        both = len(np.intersect1d(ring, accounts))
        alike = both / (len(ring) + len(accounts) - both)
        if alike >= most:
            best, most = number, alike
    return best


def _on_testing_days(frozen: Candidate, pseudonyms: Ints, testing: Half) -> Candidate:
    return Candidate(np.sort(testing.index(pseudonyms)), frozen.keys, frozen.templates, frozen.pool)


def _tested(rings: list[Candidate], testing: Half, reference: Reference, rng: np.random.Generator) -> Iterator[Claim]:
    found = testing.seen.accounts
    wanted = [found.account[one.accounts] for one in rings]
    read = testing.parts(GATHERED_COLUMNS, np.unique(np.concatenate(wanted))) if wanted else iter(())
    for ring, carried in zip(rings, gather(rings, found, read), strict=True):
        yield _claim(ring, carried, testing, reference, rng)


def _claim(ring: Candidate, carried: Carried, testing: Half, reference: Reference, rng: np.random.Generator) -> Claim:
    found = testing.seen.accounts
    units, unit = np.unique(found.unit[carried.account], return_inverse=True)
    if len(units) < 2:
        return Claim()
    stratum = group_stratum(carried)
    kept = values_kept(testing.skeleton, ring, len(found))
    rows = some_units(payloads(carried, unit.astype(np.int64)), rng)
    return Claim(
        reference.log_e(TEMPLATE, stratum, kept.astype(np.float64)),
        reference.log_e(COMPLEMENTARITY, stratum, interchangeability(rows, rng)),
    )


def values_kept(skeleton: Repeated, ring: Candidate, accounts: int) -> Ints:
    """How many of the ring's values each of its accounts repeats."""
    return np.bincount(skeleton.account[np.isin(skeleton.key, ring.keys)], minlength=accounts)[ring.accounts]
