"""Conformal p-values: how surprising is a score beside the scores of honest accounts?

Under the null (the subject and the benign reference are exchangeable) P(p <= t) <= t for every t, whatever the
score. With n benign scores no p below 1/(n+1) exists: that floor travels with every claim.

Source: Vovk, Gammerman & Shafer (2005), "Algorithmic Learning in a Random World", section 2.2 (ties count against
the subject, which keeps the p-value valid without randomisation).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ranks(scores: Floats, benign: Floats) -> NDArray[np.int64]:
    """Rank of each score among the benign ones, 1 .. n+1; 1 = more extreme (larger) than all of them."""
    ordered = np.sort(benign)
    at_least = len(ordered) - np.searchsorted(ordered, scores, side="left")
    return 1 + at_least


def p_values(scores: Floats, benign: Floats) -> Floats:
    """P-values of large scores; all 1 without a reference."""
    return np.asarray(ranks(scores, benign) / (len(benign) + 1), np.float64)


def finest_p(reference: int) -> float:
    """The smallest p-value that a reference of this size can give."""
    return 1.0 / (reference + 1)
