"""The score of evidence family "complementarity": how alike is each unit to the rest of its group?

See `complementarity` for what it means, its null and its weakness.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.record import Flag
from stillwatch.tracing.complementarity import ROWS_PER_UNIT, Payloads, distance, variants, without_variants
from stillwatch.tracing.family import Group
from stillwatch.tracing.skeleton import distinct_conversations

Floats = NDArray[np.float64]

OTHER_ROWS = 256
"""Exchanges of the others that one unit is compared with."""
_ROWS_AT_LEAST = 2  # of one unit, and of all others: fewer have no variance


def payloads(group: Group) -> Payloads:
    """The openings of a group's conversations that carry what links it, as the payload tests read them."""
    kept = np.flatnonzero(group.carries)
    continues = (group.column("flags")[kept] & Flag.ASSISTANT_TURNS) != 0
    kept = kept[distinct_conversations(group.account[kept], group.column("conversation")[kept], continues)]
    return Payloads(
        group.unit[kept],
        group.columns["projection"][kept].astype(np.float64),
        group.column("payload")[kept],
        variants(group.columns["matches"][kept].astype(np.int32, copy=False)),
    )


def interchangeability(rows: Payloads, units: int, rng: np.random.Generator) -> Floats:
    """(units,) How alike each unit is to the rest of its group, larger = more alike; NaN with too few exchanges."""
    scores = np.full(units, np.nan)
    if len(rows.unit) == 0:
        return scores
    plain = without_variants(rows)
    for one in range(units):
        mine, others = np.flatnonzero(rows.unit == one), np.flatnonzero(rows.unit != one)
        some = rng.permutation(mine)[:ROWS_PER_UNIT]
        rest = rng.permutation(others)[:OTHER_ROWS]
        if min(len(some), len(rest)) >= _ROWS_AT_LEAST:
            scores[one] = -distance(plain[some], plain[rest])
    return scores
