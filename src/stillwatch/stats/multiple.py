"""The e-BH rule: which of many e-values may be acted on at a stated false-discovery rate.

Valid under any dependence between the e-values, for e-values fixed before the rule is applied once (one hunt).
It is not valid on running maxima of e-processes: a live tracer needs another rule.

Source: Wang & Ramdas (2022), "False discovery rate control with e-values", JRSS-B 84(3), section 4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def discoveries(log_e: Sequence[float], alpha: float) -> list[int]:
    """Positions of the hypotheses rejected at level `alpha`: the k largest with e >= K / (alpha * k)."""
    order = sorted(range(len(log_e)), key=lambda i: -log_e[i])
    for k in range(len(order), 0, -1):
        if log_e[order[k - 1]] >= math.log(len(order) / (alpha * k)):
            return sorted(order[:k])
    return []
