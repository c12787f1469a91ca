"""The links inside a ring, for the picture: who shares how much of the skeleton with whom."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from stillwatch.campaigns.campaign import Link
from stillwatch.tracing.skeleton import Repeated
from stillwatch.tracing.template import Candidate

SHOWN_ACCOUNTS = 150
_PER_ACCOUNT = 4


def links(candidate: Candidate, skeleton: Repeated, accounts: int) -> list[Link]:
    """Each account's strongest few links among the first `SHOWN_ACCOUNTS` of the ring.

    `left` and `right` are positions in `candidate.accounts`; `weight` is the number of shared values.
    """
    shown = candidate.accounts[:SHOWN_ACCOUNTS]
    inside = np.isin(skeleton.key, candidate.keys) & np.isin(skeleton.account, shown)
    row = np.searchsorted(shown, skeleton.account[inside])
    column = np.searchsorted(candidate.keys, skeleton.key[inside])
    holds = csr_matrix((np.ones(len(row), np.int32), (row, column)), shape=(len(shown), len(candidate.keys)))
    agree = (holds @ holds.T).toarray()
    np.fill_diagonal(agree, 0)
    chosen: dict[tuple[int, int], int] = {}
    for one in range(len(shown)):
        # Ties go to the neighbours that follow, so that equal links spread over the ring instead of one hub.
        order = np.lexsort(((np.arange(len(shown)) - one) % len(shown), -agree[one]))
        for other in order[:_PER_ACCOUNT]:
            if agree[one, other] > 0:
                chosen[min(one, int(other)), max(one, int(other))] = int(agree[one, other])
    return [Link(left, right, float(weight), ("template",)) for (left, right), weight in sorted(chosen.items())]
