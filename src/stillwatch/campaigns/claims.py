"""What may be claimed of a ring: linked on some days, tested on the others.

A ring is found because its accounts looked alike on the days that were searched. Evidence from those days counts the
search itself. So the verdict, which is for people, looks at all days, and the e-values, which action rests on, do not:
rings are linked a second time on linking days alone, and frozen; what their accounts do on testing days is then set
beside what the rings do that the same search finds in the benign log. A ring that linking days alone do not show
claims nothing, and accounts that were not linked then are not acted on.

A ring that linking days show and the review of all days does not is nobody's to act on, but it could have been: which
rings the review keeps depends on the testing days too. So its e-value stands among those that the false-discovery rule
chooses from (`others`).

Null: a frozen ring is one more group of honest accounts that the search links: users of one tool, a class, an office.
Assumption: such a group is exchangeable with those of the benign log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.judgement import COMMON_UNITS, UNITS_AT_LEAST
from stillwatch.campaigns.tested import Frozen, Tested
from stillwatch.tracing.calibration import Reference, Scored
from stillwatch.tracing.commonness import CommonSkeletons

Ints = NDArray[np.int64]

SAME_RING = 0.3
"""Jaccard of a ring's accounts and those of its frozen form."""


@dataclass(frozen=True)
class Claim:
    """Log e-values of one ring by family, and all together; nothing where nothing may be claimed.

    `accounts`: pseudonyms of those that linking days linked, ascending. What is claimed is claimed of them as a ring:
    of one that sent nothing on testing days nothing more is known.
    """

    log_e: Mapping[str, float] = field(default_factory=dict)
    combined: float = 0.0
    accounts: Ints = field(default_factory=lambda: np.empty(0, np.int64))


NO_CLAIM = Claim()


@dataclass(frozen=True)
class Grounds:
    """What the claims of a review rest on. `tested` None: too few days. `others`: places, among the tested rings, of
    those that no reviewed ring is, with what would be claimed of each.
    """

    reference: Reference
    tested: Tested | None = None
    others: Mapping[int, Claim] = field(default_factory=dict)


def claims(
    wanted: Sequence[int | None],
    frozen: Sequence[Frozen],
    scored: Sequence[Scored],
    reference: Reference,
    families: frozenset[str],
) -> list[Claim]:
    """One claim for each of `wanted`, which are places in `frozen` or None, from the `families` that are heard.

    `frozen`: what linking days alone show; `scored`: what the families say of those on the days that test.
    """
    needed = {number for number in wanted if number is not None}
    made = {number: _claim(frozen[number], scored[number], reference, families) for number in needed}
    return [NO_CLAIM if number is None else made[number] for number in wanted]


def matches(rings: Sequence[Ints], frozen: Sequence[Frozen]) -> list[int | None]:
    """For each ring, which of the frozen ones it is; None where linking days alone do not show it."""
    known = [ring.accounts for ring in frozen]
    return [_match(ring, known) for ring in rings]


def others(matched: Sequence[int | None], frozen: Sequence[Frozen], common: CommonSkeletons) -> list[int]:
    """Frozen rings that none of the `matched` is and that evidence may be asked about, as places in `frozen`.

    Too few organisations, and wrappers that the benign log knows, are let go without evidence (`judgement`).
    """
    left = [number for number in range(len(frozen)) if number not in set(matched)]
    return [n for n in left if frozen[n].units >= UNITS_AT_LEAST and not _is_common(frozen[n], common)]


def _claim(ring: Frozen, scored: Scored, reference: Reference, families: frozenset[str]) -> Claim:
    log_e = {family: value for family, value in reference.log_e(scored).items() if family in families}
    combined = reference.combined(log_e) if reference.groups else 0.0  # a benign log of one day has no groups, nor kins
    return Claim(log_e, combined, ring.accounts)


def _is_common(ring: Frozen, common: CommonSkeletons) -> bool:
    return len(ring.keys) > 0 and float(np.median(common.independent_units(ring.keys))) >= COMMON_UNITS


def _match(ring: Ints, known: Sequence[Ints]) -> int | None:
    """Which frozen ring is this one."""
    best, most = None, SAME_RING
    for number, accounts in enumerate(known):
        both = len(np.intersect1d(ring, accounts))
        alike = both / (len(ring) + len(accounts) - both)
        if alike >= most:
            best, most = number, alike
    return best
