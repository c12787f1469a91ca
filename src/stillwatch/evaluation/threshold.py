"""From scores of accounts to accounts acted on, with a threshold that benign accounts set.

The benign log is split by account: one half trains, the other half sets thresholds. Which half an account is in follows
from its pseudonym alone, so every detector has the same halves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillwatch.stats.conformal import p_values

ALPHA = 0.01
"""The false-discovery rate at which detectors are compared."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def halves(accounts: Ints) -> tuple[Ints, Ints]:
    """Accounts to train on and accounts that set thresholds; pseudonyms are hashes, their last bit a fair coin."""
    known = np.unique(accounts)
    is_second = (known & 1).astype(bool)
    return known[~is_second], known[is_second]


def actionable(scores: Floats, benign: Floats, alpha: float = ALPHA) -> NDArray[np.bool_]:
    """Which scores may be acted on at the false-discovery rate `alpha`: Benjamini-Hochberg on conformal p-values.

    Conformal p-values from one reference are positively dependent, and the rule holds for them.
    Source: Bates, Candes, Lei, Romano & Sesia (2023), Ann. Stat. 51(1), theorem 2.
    """
    if not len(scores) or not len(benign):
        return np.zeros(len(scores), bool)
    return benjamini_hochberg(p_values(scores, benign), alpha)


def benjamini_hochberg(p: Floats, alpha: float) -> NDArray[np.bool_]:
    """Reject the k smallest p-values for the largest k with p(k) <= alpha k / n.

    Source: Benjamini & Hochberg (1995), JRSS-B 57(1), section 3.
    """
    ordered = np.sort(p)
    passed = np.flatnonzero(ordered <= alpha * np.arange(1, len(p) + 1) / len(p))
    if not len(passed):
        return np.zeros(len(p), bool)
    return np.asarray(p <= ordered[passed[-1]])


def named(names: Sequence[str], kept: NDArray[np.bool_]) -> tuple[str, ...]:
    """The names that `kept` marks."""
    return tuple(name for name, is_kept in zip(names, kept.tolist(), strict=True) if is_kept)
