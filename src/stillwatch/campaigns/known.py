"""What a benign log says of a candidate before anything is measured: do honest organisations do the same?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.heard import Conversations
from stillwatch.campaigns.newcomers import NO_ACCOUNTS, AccountReference
from stillwatch.tracing.calibration import NONE, Reference
from stillwatch.tracing.commonness import CommonSkeletons
from stillwatch.tracing.shared_subjects import Space, pool_of, units_near
from stillwatch.tracing.subjects import NO_SUBJECTS, Subjects
from stillwatch.tracing.survey import Survey
from stillwatch.tracing.template import Candidate

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Benign:
    """What a hunt knows of honest accounts; the same for every hunt with the same `ignored` values and `split_key`.

    `unit_of`: unit of each dense account index of the benign log. `people`: what single accounts are compared with, to
    know whether it still describes today's traffic. `sent`: what groups of honest strangers send, where an alliance is
    asked (`campaigns.heard`).
    """

    common: CommonSkeletons
    subjects: Subjects
    unit_of: Ints
    reference: Reference
    people: AccountReference = NO_ACCOUNTS
    sent: Sequence[Conversations] = ()


_NOBODY = np.empty(0, np.int64)
NOTHING_KNOWN = Benign(CommonSkeletons(np.empty(0, np.uint64), _NOBODY), NO_SUBJECTS, _NOBODY, NONE)


@dataclass(frozen=True, slots=True)
class Commonness:
    """`units` of the `reference` units of the benign log do the same."""

    units: int
    reference: int


def commonness(candidate: Candidate, seen: Survey, known: Benign) -> Commonness:
    """How many honest organisations use a candidate's wrapper, or ask about what it asks about where it has none."""
    if len(candidate.keys):
        units = int(np.median(known.common.independent_units(candidate.keys)))
        return Commonness(units, len(np.unique(known.unit_of)))
    here = Space.of(seen.subjects, seen.accounts.unit, seen.subjects.within)
    there = Space.of(known.subjects, known.unit_of, seen.subjects.within)
    return Commonness(units_near(pool_of(here, candidate.accounts), there), len(np.unique(there.unit)))
