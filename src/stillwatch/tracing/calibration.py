"""The benign reference: how honest accounts score, stratum by stratum.

A score means nothing by itself. Beside the scores of n honest accounts of the same stratum it becomes a conformal
p-value, and through a bounded bet an e-value; neither can be finer than the reference. Without a reference for a
stratum there is no p-value and log_e is 0: described, not claimed.

Assumption: an honest account of the hunted log is exchangeable with the reference's accounts of its stratum. It fails
when traffic drifts; a calibration log should be recent and from the same product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stillwatch.stats.conformal import ranks
from stillwatch.stats.evalues import from_ranks, log_mean

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """Scores of benign accounts by (family, stratum); larger is more suspicious. `accounts`: per stratum."""

    source: str
    scores: Mapping[tuple[str, str], Floats] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)

    def size(self, family: str, stratum: str) -> int:
        return len(self.scores.get((family, stratum), ()))

    def log_e(self, family: str, stratum: str, scores: Floats) -> float:
        """Log of the average e-value of dependent `scores` of one family; 0 where there is no reference."""
        benign = self.scores.get((family, stratum))
        if benign is None or len(benign) == 0 or len(scores) == 0:
            return 0.0
        return log_mean(from_ranks(ranks(scores, benign), len(benign)))


NONE = Reference("")
TOO_FEW_DAYS = Reference("the traffic covers too few days to link on some and test on others: nothing is claimed")
