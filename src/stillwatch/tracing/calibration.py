"""The benign reference: how the families score groups of honest strangers that the same search finds.

A score means nothing by itself. Beside the groups of a benign log it becomes a conformal rank, and through a bounded
bet an e-value; neither can be finer than the number of groups. Without them there is no claim: log e is 0.

Families of one kin are averaged. Kins multiply: half of the stake goes on all of them together, and half on each with a
reserve, since every kin is blind to some campaigns and would otherwise cost what the others have won. Multiplying needs
kins to be independent given that a group is honest. That is an assumption about honest customers, so it is put to the
test on them: every benign group is set beside all others. If more of them cross than the level allows, kins are
averaged too, and the report says so.

Assumption: a group of honest accounts in the hunted log is exchangeable with the reference's groups. It fails when
traffic drifts; a calibration log should be recent and from the same product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stillwatch.stats.binomial import lower
from stillwatch.stats.evalues import from_ranks, log_average, log_mean, log_product
from stillwatch.stats.hierarchical import group_ranks
from stillwatch.tracing.family import Kin

Floats = NDArray[np.float64]

GROUPS_PER_STRATUM = 40
"""A stratum with fewer honest groups is compared with those of all strata: with 40 a family can pay at most 9.5."""
STEEPNESS = 1.5
"""Of the bet: a group pays with its units at the very top of honest ones, or hardly at all."""
SELF_TEST_LEVEL = 0.01
"""Of benign groups, at most this share may reach 1 / level if kins multiply."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One group as the families score it: by family (units,), larger = more as if one hand moved it; no NaN."""

    stratum: str
    scores: Mapping[str, Floats]


@dataclass(frozen=True)
class Reference:
    """Benign groups. `source` is a sentence; `kins` says which side of the traffic each family looks at."""

    source: str
    groups: tuple[Scored, ...] = ()
    kins: Mapping[str, Kin] = field(default_factory=dict)

    def size(self, stratum: str) -> int:
        """How many honest groups a group of `stratum` is compared with."""
        return len(self._beside(stratum))

    def strata(self, stratum: str) -> frozenset[str]:
        """Which strata those groups are of: its own alone, or any where it has too few."""
        return frozenset(group.stratum for group in self._beside(stratum))

    def log_e(self, tested: Scored) -> dict[str, float]:
        """By family, the log of the average e-value of its units; 0 where there is nothing to compare."""
        return _log_e(tested, self._beside(tested.stratum))

    def combined(self, log_e: Mapping[str, float]) -> float:
        """The log of all evidence: averaged inside a kin, multiplied between kins (averaged if they hang together)."""
        return _combined(log_e, self.kins, multiply=self.kins_multiply)

    def others(self, left_out: int) -> Reference:
        """Without one of its groups."""
        return Reference(self.source, self.groups[:left_out] + self.groups[left_out + 1 :], self.kins)

    @cached_property
    def crossing(self) -> int:
        """Of the benign groups, how many would cross at `SELF_TEST_LEVEL` if kins multiply."""
        return sum(
            _combined(_log_e(one, self.others(number)._beside(one.stratum)), self.kins, multiply=True)
            >= -np.log(SELF_TEST_LEVEL)
            for number, one in enumerate(self.groups)
        )

    @cached_property
    def kins_multiply(self) -> bool:
        """Whether benign groups leave it open that kins are independent: not surely more cross than the level says."""
        return not self.groups or lower(self.crossing, len(self.groups)) <= SELF_TEST_LEVEL

    def _beside(self, stratum: str) -> Sequence[Scored]:
        own = [group for group in self.groups if group.stratum == stratum]
        return own if len(own) >= GROUPS_PER_STRATUM else self.groups


def _log_e(tested: Scored, beside: Sequence[Scored]) -> dict[str, float]:
    found = {}
    for family, scores in tested.scores.items():
        honest = [group.scores[family] for group in beside if len(group.scores.get(family, ()))]
        has_both = len(scores) > 0 and len(honest) > 0
        found[family] = log_mean(from_ranks(group_ranks(scores, honest), len(honest), STEEPNESS)) if has_both else 0.0
    return found


def _combined(log_e: Mapping[str, float], kins: Mapping[str, Kin], *, multiply: bool) -> float:
    by_kin: dict[Kin, list[float]] = {}
    for family, value in log_e.items():
        by_kin.setdefault(kins[family], []).append(value)
    sides = [log_average(values) for values in by_kin.values()]
    if not multiply:
        return log_average(sides)
    with_reserve = [log_average([0.0, side]) for side in sides]
    return log_average([log_product(sides), log_product(with_reserve)])


NONE = Reference("")
TOO_FEW_DAYS = Reference("the traffic covers too few days to link on some and test on others: nothing is claimed")
BENIGN_TOO_SHORT = Reference(
    "the benign log covers too few days to link on some and test on others: nothing is claimed; three in a row are "
    "always enough"
)
